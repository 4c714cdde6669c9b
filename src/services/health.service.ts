import { messageOf } from '../errors/app-error.js';

/** Asks one part whether it can serve; throws when it cannot. */
export type HealthProbe = () => Promise<void>;

/** Outcome of one probe. */
export interface HealthCheck {
  readonly ok: boolean;
  readonly durationMs: number;
  readonly reason?: string;
}

/** Outcome of all probes. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

const PROBE_TIMEOUT_MS = 2000;

function withTimeout(probe: HealthProbe): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${PROBE_TIMEOUT_MS} ms.`)), PROBE_TIMEOUT_MS);
  });
  return Promise.race([probe(), timeout]).finally(() => clearTimeout(timer));
}

type Checks = Readonly<Record<string, HealthCheck>>;

/**
 * Whether this process can serve: every probe with a time limit, all at once. Any client may request it, at any rate, so
 * requests that come while the probes run get their outcome.
 */
export class HealthService {
  #draining = false;
  #underWay: Promise<Checks> | null = null;

  readonly #probes: Readonly<Record<string, HealthProbe>>;

  constructor(probes: Readonly<Record<string, HealthProbe>>) {
    this.#probes = probes;
  }

  /** From now on not ready, so that no new requests are sent here. */
  drain(): void {
    this.#draining = true;
  }

  async readiness(): Promise<Readiness> {
    this.#underWay ??= this.#checkAll().finally(() => (this.#underWay = null));
    const checks = await this.#underWay;
    return { ready: !this.#draining && Object.values(checks).every(({ ok }) => ok), checks };
  }

  async #checkAll(): Promise<Checks> {
    const checks = await Promise.all(
      Object.entries(this.#probes).map(async ([name, probe]) => [name, await this.#check(probe)] as const),
    );
    return Object.fromEntries(checks);
  }

  async #check(probe: HealthProbe): Promise<HealthCheck> {
    const started = performance.now();
    const elapsed = () => Math.round(performance.now() - started);
    try {
      await withTimeout(probe);
      return { ok: true, durationMs: elapsed() };
    } catch (error) {
      return { ok: false, durationMs: elapsed(), reason: messageOf(error) };
    }
  }
}
