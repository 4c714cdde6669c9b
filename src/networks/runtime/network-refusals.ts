import { AppError } from '../../errors/app-error.js';

/** Why networks could not be opened lately: loading one again for each request would only repeat the answer. */
export class RecentRefusals {
  readonly #known = new Map<string, { readonly error: AppError; readonly until: number }>();

  readonly #keptMs: number;

  /** @param keptMs how long a refusal is repeated */
  constructor(keptMs: number) {
    this.#keptMs = keptMs;
  }

  /** @throws the AppError that was remembered under the key */
  throwIfKnown(key: string): void {
    const known = this.#known.get(key);
    if (known && known.until > performance.now()) throw known.error;
  }

  /** Keeps what is wrong with the network itself; what is wrong with the machine may be over at once. */
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

/** The load goes on, its request does not wait any longer. */
export const stillOpening = (id: string, limitMs: number): AppError =>
  new AppError('INFERENCE_TIMEOUT', {
    message: `Network ${id} was not open within the limit of ${String(Math.round(limitMs))} ms; it goes on being opened for later requests.`,
    details: { network: id, limitMs },
  });

/** No network can be unloaded in time to make room. */
export const networksBusy = (count: number): AppError =>
  new AppError('NETWORKS_BUSY', {
    message: `All ${String(count)} networks in memory are in use, so that no other can be loaded now.`,
    retryAfterSeconds: 2,
  });

/** The process is about to end. */
export const networksClosing = (): AppError =>
  new AppError('SHUTTING_DOWN', { message: 'The networks are being closed.' });
