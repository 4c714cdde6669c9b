import { setImmediate } from 'node:timers/promises';
import { StartTurns } from '../../../../src/engines/servo-engine/start-turns.js';

/** Starts whose loading the test ends. */
class Starts {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, (error?: Error) => void>();

  readonly start = (name: string) => async () => {
    this.begun.push(name);
    const loaded = new Promise<void>((resolve, reject) =>
      this.#ends.set(name, (error) => (error ? reject(error) : resolve())),
    );
    return { name, loaded };
  };

  async end(name: string, error?: Error): Promise<void> {
    this.#ends.get(name)?.(error);
    for (let round = 0; round < 5; round += 1) await setImmediate();
  }
}

describe('the turns of engines that start', () => {
  const session = { isSpare: false };

  it('let so many load at a time, sessions before spares', async () => {
    const [turns, starts] = [new StartTurns(2), new Starts()];
    const all = [
      turns.take(starts.start('first'), session),
      turns.take(starts.start('second'), session),
      turns.take(starts.start('spare'), { isSpare: true }),
      turns.take(starts.start('third'), session),
    ];
    // They are given as soon as they are started.
    expect((await all[1]).name).toBe('second');
    expect(starts.begun).toEqual(['first', 'second']);
    await starts.end('second');
    expect(starts.begun).toEqual(['first', 'second', 'third']);
    await starts.end('first');
    expect(starts.begun).toEqual(['first', 'second', 'third', 'spare']);
    await starts.end('third');
    await starts.end('spare');
    await Promise.all(all);
  });

  it('go on after a start that fails, one whose loading fails and one that nobody waits for any more', async () => {
    const [turns, starts] = [new StartTurns(1), new Starts()];
    const failing = turns.take(() => Promise.reject(new Error('no process')), session);
    await expect(failing).rejects.toThrow('no process');
    await turns.take(starts.start('broken'), session);
    const gone = new AbortController();
    const left = turns.take(starts.start('left'), { ...session, signal: gone.signal });
    const next = turns.take(starts.start('next'), session);
    gone.abort(new Error('the session has ended'));
    await starts.end('broken', new Error('no network'));
    await expect(left).rejects.toThrow('the session has ended');
    expect((await next).name).toBe('next');
    expect(starts.begun).toEqual(['broken', 'next']);
    await starts.end('next');
  });
});
