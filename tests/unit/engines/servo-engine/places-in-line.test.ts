import { PlacesInLine } from '../../../../src/engines/servo-engine/places-in-line.js';

const LONG_MS = 60_000;

describe('places in line', () => {
  const places = (count: number) => {
    const line = new PlacesInLine({ places: count, waiting: 10 });
    const given: string[] = [];
    const take = async (owner: string, signal = new AbortController().signal) => {
      const leave = await line.take({ owner, waitMs: LONG_MS, signal, busy: () => new Error('busy') });
      given.push(owner);
      return leave;
    };
    return { line, given, take };
  };

  it('go to who has the fewest, however many requests of others were there before', async () => {
    const { given, take } = places(3);
    const leaves = [await take('ann'), await take('ann'), await take('ann')];
    const waiting = ['ann', 'ann', 'bob', 'cid'].map((owner) => take(owner));
    leaves[0]();
    leaves[1]();
    await Promise.all([waiting[2], waiting[3]]);
    expect(given.slice(3)).toEqual(['bob', 'cid']);
    (await waiting[2])();
    (await waiting[3])();
    await Promise.all(waiting);
    expect(given.slice(5)).toEqual(['ann', 'ann']);
  });

  it('go to equals in the order of their requests, and past those who left', async () => {
    const { line, given, take } = places(1);
    const first = await take('ann');
    const gone = new AbortController();
    const left = take('bob', gone.signal);
    const second = take('cid');
    const third = take('dan');
    gone.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    first();
    // Once more says nothing: the place is taken again.
    first();
    (await second)();
    (await third)();
    expect(given).toEqual(['ann', 'cid', 'dan']);
    expect(line.free).toBe(1);
  });
});
