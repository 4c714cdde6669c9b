/** How long to wait, and where to report it. */
export interface NoticeOptions {
  readonly timeoutMs?: number;
  readonly onWaiting?: (sentence: string) => void;
}

const INTERVAL_MS = 3_000;

/** Reports what a process is waiting for: immediately, when the reason changes, and every few seconds. */
export class WaitingNotice {
  readonly #startedAt = Date.now();
  readonly #timeoutMs: number;
  #saidAt = Number.NEGATIVE_INFINITY;
  #saidReason = '';

  readonly #what: string;
  readonly #options: NoticeOptions;

  constructor(what: string, options: NoticeOptions) {
    this.#what = what;
    this.#options = options;

    this.#timeoutMs = options.timeoutMs ?? Number.POSITIVE_INFINITY;
  }

  /** Reports why the process is still waiting, and the advice only once. */
  say(reason: string, advice: string): void {
    const now = Date.now();
    if (reason === this.#saidReason && now - this.#saidAt < INTERVAL_MS) return;
    const limit = Number.isFinite(this.#timeoutMs)
      ? `, ${Math.round((now - this.#startedAt) / 1000)} of ${Math.round(this.#timeoutMs / 1000)} s`
      : '';
    const help = reason === this.#saidReason || advice === '' ? '' : ` ${advice}`;
    this.#options.onWaiting?.(`Waiting for ${this.#what}: ${reason}${limit}.${help}`);
    this.#saidAt = now;
    this.#saidReason = reason;
  }
}
