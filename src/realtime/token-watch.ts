import { AppError } from '../errors/app-error.js';
import { guarded } from '../errors/guarded.js';

const RECHECK_MS = 30_000;

/** What a {@link TokenWatch} uses. */
export interface TokenWatchOptions {
  /** @throws AppError of kind `unauthenticated` */
  session(token: string): Promise<unknown>;
  /** The token has expired, or its user was changed or is gone. */
  onEnd(): void;
  onError(error: unknown): void;
}

/** Watches the token of an open connection, which ends with it. */
export class TokenWatch {
  readonly #options: TokenWatchOptions;
  /** The timer of the token that is watched; a check that is under way is void once it has changed. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TokenWatchOptions) {
    this.#options = options;
  }

  /** Watches a token until {@link stop}, or until it ends. */
  watch(token: string, expiresAt: Date): void {
    this.stop();
    const left = Math.max(0, expiresAt.getTime() - Date.now());
    const timer = setTimeout(
      guarded(this.#options.onError, async () => {
        const isValid = Date.now() < expiresAt.getTime() && (await this.#stillValid(token));
        if (this.#timer !== timer) return;
        if (isValid) this.watch(token, expiresAt);
        else this.#options.onEnd();
      }),
      Math.min(left, RECHECK_MS),
    );
    this.#timer = timer;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #stillValid(token: string): Promise<boolean> {
    try {
      await this.#options.session(token);
      return true;
    } catch (error) {
      // An outage of the database says nothing about the token.
      return !(error instanceof AppError && error.kind === 'unauthenticated');
    }
  }
}
