import type { JobProgress } from '../../../src/domain/job.js';
import { ProgressReporter } from '../../../src/workers/progress-reporter.js';

const at = (percent: number): JobProgress => ({ done: percent, total: 100, percent, stage: 'infer' });

describe('progress reporter', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  function collect(): { written: number[]; reporter: ProgressReporter } {
    const written: number[] = [];
    const reporter = new ProgressReporter(async ({ percent }) => void written.push(percent));
    return { written, reporter };
  }

  it('a hundred reports in two seconds become at most five writes, and the newest always arrives', async () => {
    const { written, reporter } = collect();

    for (let percent = 1; percent <= 100; percent += 1) {
      reporter.report(at(percent));
      await jest.advanceTimersByTimeAsync(20);
    }
    await jest.advanceTimersByTimeAsync(1_000);

    expect(written.length).toBeLessThanOrEqual(5);
    expect(written.at(0)).toBe(1);
    expect(written.at(-1)).toBe(100);
  });

  it('what is done never falls and never exceeds the total', async () => {
    const written: number[] = [];
    const reporter = new ProgressReporter(async ({ done }) => void written.push(done));

    for (const done of [1, 7, 3, 99]) {
      reporter.report({ done, total: 10, percent: 50, stage: 'infer' });
      await jest.advanceTimersByTimeAsync(500);
    }

    expect(written).toEqual([1, 7, 7, 10]);
  });

  it('the percentage never falls', async () => {
    const { written, reporter } = collect();

    for (const percent of [10, 60, 30, 61]) {
      reporter.report(at(percent));
      await jest.advanceTimersByTimeAsync(500);
    }

    expect(written).toEqual([10, 60, 60, 61]);
  });

  it('a slow database is asked one thing at a time', async () => {
    let open = 0;
    let most = 0;
    const reporter = new ProgressReporter(async () => {
      open += 1;
      most = Math.max(most, open);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      open -= 1;
    });

    for (let step = 0; step < 10; step += 1) {
      reporter.report(at(step));
      await jest.advanceTimersByTimeAsync(600);
    }

    expect(most).toBe(1);
  });

  it('after the close nothing is written any more', async () => {
    const { written, reporter } = collect();
    reporter.report(at(1));
    reporter.report(at(2));

    await reporter.close();
    reporter.report(at(3));
    await jest.advanceTimersByTimeAsync(5_000);

    expect(written).toEqual([1]);
  });
});
