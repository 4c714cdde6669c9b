import type { Job } from '../../../src/domain/job.js';
import type { JobSpeedRepository } from '../../../src/domain/repositories/job-speed.repository.js';
import { JobTimeService } from '../../../src/services/job-time.service.js';

const NOW = Date.UTC(2026, 10, 30);
const after = (ms: number): Date => new Date(NOW + ms);

/** Kind `fast` takes 1 ms per micro-credit, `slow` 3 ms. */
const timesWith = (load: Partial<JobSpeedRepository>, kind = 'fast'): JobTimeService =>
  new JobTimeService(
    {
      kindOf: async () => kind,
      speeds: async () =>
        new Map([
          ['fast', 1],
          ['slow', 3],
        ]),
      waiting: async () => [],
      running: async () => [],
      ...load,
    },
    () => NOW,
  );

const jobOf = (changes: Partial<Job>): Job =>
  ({ id: 'x', status: 'PENDING', held: 1000n, progress: null, startedAt: null, ...changes }) as Job;

describe('expected times of a job', () => {
  it('without load a job starts now and takes what jobs of its kind took', async () => {
    expect(await timesWith({}).timesOf(jobOf({}), 0)).toEqual({ startsAt: after(0), endsAt: after(1000) });
  });

  it('the jobs before it are shared by as many workers as run now', async () => {
    const times = timesWith({
      // 500 ms left by the speed, 900 ms left by its own progress: 9 of 10 tenths of 1000 ms in 100 ms.
      running: async () => [
        { kind: 'slow', heldMicro: 200, percent: 0, elapsedMs: 100 },
        { kind: 'unknown', heldMicro: 200, percent: 10, elapsedMs: 100 },
      ],
      // On average (4 * 100 + 6 * 300) / 10 = 220 ms.
      waiting: async () => [
        { kind: 'fast', jobs: 4, heldMicro: 400 },
        { kind: 'slow', jobs: 6, heldMicro: 600 },
      ],
    });

    const startsMs = (500 + 900 + 5 * 220) / 2;
    expect(await times.timesOf(jobOf({}), 5)).toEqual({
      startsAt: after(startsMs),
      endsAt: after(startsMs + 1000),
    });
  });

  it('a running job ends after the rest of its progress, or of the usual duration', async () => {
    const startedAt = after(-400);
    const progress = { done: 1, total: 4, percent: 25, stage: 'infer' };
    const running = { status: 'RUNNING', startedAt } as const;

    const told = await timesWith({}).timesOf(jobOf({ ...running, progress }), null);
    const usual = await timesWith({}).timesOf(jobOf(running), null);

    expect(told).toEqual({ startsAt: startedAt, endsAt: after(1200) });
    expect(usual).toEqual({ startsAt: startedAt, endsAt: after(600) });
  });

  it('what was not measured is unknown, and what has ended has no estimate', async () => {
    const running = async () => [{ kind: 'new', heldMicro: 1, percent: 0, elapsedMs: 1 }];

    expect(await timesWith({}, 'new').timesOf(jobOf({}), 0)).toEqual({ startsAt: after(0), endsAt: null });
    expect(await timesWith({ running }).timesOf(jobOf({}), 0)).toEqual({ startsAt: null, endsAt: null });
    expect(await timesWith({}).timesOf(jobOf({}), 3)).toEqual({ startsAt: null, endsAt: null });
    expect(await timesWith({}).timesOf(jobOf({ status: 'COMPLETED' }), null)).toBeNull();
  });
});
