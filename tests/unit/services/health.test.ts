import { HealthService } from '../../../src/services/health.service.js';

describe('health', () => {
  it('requests that come while the probes run get their outcome, the next one a new one', async () => {
    let runs = 0;
    let finish: () => void = () => undefined;
    const health = new HealthService({
      database: () => {
        runs += 1;
        return new Promise((resolve) => (finish = resolve));
      },
      disk: () => Promise.reject(new Error('The disk is full.')),
    });
    const asked = Array.from({ length: 500 }, () => health.readiness());
    finish();
    for (const { ready, checks } of await Promise.all(asked)) {
      expect(ready).toBe(false);
      expect(checks).toMatchObject({
        database: { ok: true },
        disk: { ok: false, reason: 'The disk is full.' },
      });
    }
    expect(runs).toBe(1);
    const next = health.readiness();
    finish();
    await next;
    expect(runs).toBe(2);
  });

  it('a process that drains says so to those who have asked already', async () => {
    const health = new HealthService({ database: () => Promise.resolve() });
    const asked = health.readiness();
    health.drain();
    expect(await asked).toMatchObject({ ready: false, checks: { database: { ok: true } } });
  });
});
