import { AppError } from '../../errors/app-error.js';

/**
 * Remembers why networks recently failed to load, since loading them again for each request would fail in the
 * same way.
 */
export class RecentRefusals {
  readonly #known = new Map<string, { readonly error: AppError; readonly until: number }>();

  readonly #keptMs: number;

  /** @param keptMs how long an error is remembered */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** @throws the AppError remembered for the key */
  throwIfKnown(key: string): void {
    const known = this.#known.get(key);
    if (known && known.until > performance.now()) throw known.error;
  }

  /** Remembers errors of the network itself; errors of the machine may be temporary. */
  remember(key: string, error: unknown): void {
    if (this.#keptMs === 0 || !(error instanceof AppError) || error.kind !== 'invalid') return;
    const now = performance.now();
    for (const [other, { until }] of this.#known) if (until <= now) this.#known.delete(other);
    this.#known.set(key, { error, until: now + this.#keptMs });
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}

/** The error of a request that stopped waiting; the load continues. */
export const stillOpening = (id: string, limitMs: number): AppError =>
  new AppError('INFERENCE_TIMEOUT', {
    message: `Network ${id} was not open within the limit of ${String(Math.round(limitMs))} ms; it is still being opened for later requests.`,
    details: { network: id, limitMs },
  });

/** The error when no network can be evicted in time. */
export const networksBusy = (count: number): AppError =>
  new AppError('NETWORKS_BUSY', {
    message: `All ${String(count)} loaded networks are in use, so no other network can be loaded at the moment.`,
    retryAfterSeconds: 2,
  });

/** The error during shutdown. */
export const networksClosing = (): AppError =>
  new AppError('SHUTTING_DOWN', { message: 'The networks are being closed.' });
