import {
  healthAfter,
  reasonToDisable,
  retryDelayMs,
  WEBHOOK_POLICY,
} from '../../../src/services/webhook-policy.js';

const HEALTHY = { failures: 0, failingSince: null, pausedUntil: null, deliveredAt: null };
const NOW = new Date('2026-11-30T12:00:00Z');
const SECOND = 1000;
const HOUR = 3600 * SECOND;
/** The middle of the random part. */
const random = 0.5;

describe('the policy of webhooks', () => {
  it('retries after 5, 15, 45 s and so on, at most every 4 h, with a fifth of jitter', () => {
    const delays = [1, 2, 3, 8, 9, 20].map((tries) => retryDelayMs(WEBHOOK_POLICY, tries, { random }));

    expect(delays).toEqual([5, 15, 45, 10_935, 14_400, 14_400].map((seconds) => seconds * SECOND));
    expect(retryDelayMs(WEBHOOK_POLICY, 1, { random: 0 })).toBe(4 * SECOND);
    expect(retryDelayMs(WEBHOOK_POLICY, 1, { random: 1 })).toBe(6 * SECOND);
  });

  it('waits as long as a server asks for, up to an hour', () => {
    expect(retryDelayMs(WEBHOOK_POLICY, 1, { random, retryAfterSeconds: 60 })).toBe(60 * SECOND);
    expect(retryDelayMs(WEBHOOK_POLICY, 1, { random, retryAfterSeconds: 999_999 })).toBe(HOUR);
    expect(retryDelayMs(WEBHOOK_POLICY, 8, { random, retryAfterSeconds: 1 })).toBe(10_935 * SECOND);
  });

  it('opens the circuit breaker after five failures, for twice as long after each further one', () => {
    let health: Parameters<typeof healthAfter>[1] = HEALTHY;
    const pauses: (number | null)[] = [];
    for (let attempt = 1; attempt <= 12; attempt += 1) {
      health = healthAfter(WEBHOOK_POLICY, health, { delivered: false, now: NOW, random });
      pauses.push(health.pausedUntil && health.pausedUntil.getTime() - NOW.getTime());
    }

    expect(pauses.slice(0, 4)).toEqual([null, null, null, null]);
    expect(pauses.slice(4)).toEqual(
      [30, 60, 120, 240, 480, 900, 900, 900].map((seconds) => seconds * SECOND),
    );
    expect(healthAfter(WEBHOOK_POLICY, health, { delivered: true, now: NOW })).toEqual({
      ...HEALTHY,
      deliveredAt: NOW,
    });
  });

  it('disables an endpoint that is gone, or has failed for five days', () => {
    const since = (hours: number) => ({ ...HEALTHY, failingSince: new Date(NOW.getTime() - hours * HOUR) });

    expect(reasonToDisable(WEBHOOK_POLICY, since(0), { status: 410, now: NOW })).toBe('gone');
    expect(reasonToDisable(WEBHOOK_POLICY, since(119), { status: 500, now: NOW })).toBeNull();
    expect(reasonToDisable(WEBHOOK_POLICY, since(120), { status: undefined, now: NOW })).toBe('failing');
  });
});
