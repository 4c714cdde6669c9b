import { messageOf } from '../errors/app-error.js';

/** Checks one dependency; rejects when it cannot serve. */
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
 * Readiness of this process: all probes run in parallel, each with a time limit. The endpoint is public and
 * unlimited, so requests that arrive while the probes run share their result.
 */
export class HealthService {
  #draining = false;
  #running: Promise<Checks> | null = null;

  readonly #probes: Readonly<Record<string, HealthProbe>>;

  constructor(probes: Readonly<Record<string, HealthProbe>>) {
    this.#probes = probes;
  }

  /** Reports not ready from now on, so that load balancers stop sending requests. */
  drain(): void {
    this.#draining = true;
  }

  async readiness(): Promise<Readiness> {
    this.#running ??= this.#checkAll().finally(() => (this.#running = null));
    const checks = await this.#running;
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
