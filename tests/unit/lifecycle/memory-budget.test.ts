import { MemoryBudget } from '../../../src/lifecycle/memory-budget.js';

describe('memory budget', () => {
  it('what is beyond the budget is refused until something is given back', () => {
    const budget = new MemoryBudget(100);
    const [first, second] = [budget.open(), budget.open()];
    first.grow(60);
    second.grow(40);
    expect(() => second.grow(1)).toThrow('later');
    first.release();
    second.grow(60);
    second.release();
    second.release();
    expect(budget.usedBytes).toBe(0);
  });

  it('those who can wait start in the order of asking, also behind one that needs everything', async () => {
    const budget = new MemoryBudget(100);
    const started: string[] = [];
    const ends: (() => void)[] = [];
    const run = (name: string, bytes: number, signal?: AbortSignal) =>
      budget.run(
        bytes,
        () => {
          started.push(name);
          return new Promise<void>((resolve) => ends.push(resolve));
        },
        signal,
      );
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    const gone = new AbortController();
    const works = [run('a', 60), run('huge', 1000), run('small', 10)];
    const left = run('left', 100, gone.signal);
    await settle();
    expect(started).toEqual(['a']);
    gone.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    ends.shift()?.();
    await settle();
    expect(started).toEqual(['a', 'huge']);
    ends.shift()?.();
    await settle();
    expect(started).toEqual(['a', 'huge', 'small']);
    ends.shift()?.();
    await Promise.all(works);
    expect(budget.usedBytes).toBe(0);
  });
});
