import type { WatchedCredential } from '../domain/credential.js';
import { AppError } from '../errors/app-error.js';
import { guarded } from '../errors/guarded.js';
import type { CredentialChanges } from './credential-changes.js';

/** Also finds changes whose notification was lost. */
const RECHECK_MS = 30_000;

/** What a {@link CredentialWatch} uses. */
export interface CredentialWatchOptions {
  readonly changes: Pick<CredentialChanges, 'subscribe'>;
  /** The credential has expired or was revoked, or no longer allows this. */
  onEnd(): void;
  onError(error: unknown): void;
}

/** Watches the credential of an open connection, which ends with it. */
export class CredentialWatch {
  readonly #options: CredentialWatchOptions;
  /** The watched credential; a check in progress is void once it has changed. */
  #watched: WatchedCredential | null = null;
  #expiresAt: Date | null = null;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(options: CredentialWatchOptions) {
    this.#options = options;
  }

  /** Watches a credential until {@link stop}, or until it ends. */
  watch(credential: WatchedCredential): void {
    this.stop();
    this.#watched = credential;
    this.#expiresAt = credential.expiresAt;
    const recheck = guarded(this.#options.onError, () => this.#check(credential));
    this.#unsubscribe = this.#options.changes.subscribe(credential.userId, () => void recheck());
    this.#schedule(credential);
    // Nobody was told of a change between its admission and now.
    recheck();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#watched = null;
  }

  #schedule(credential: WatchedCredential): void {
    clearTimeout(this.#timer);
    const left = this.#expiresAt === null ? Infinity : Math.max(0, this.#expiresAt.getTime() - Date.now());
    this.#timer = setTimeout(
      guarded(this.#options.onError, () => this.#check(credential)),
      Math.min(left, RECHECK_MS),
    );
  }

  async #check(credential: WatchedCredential): Promise<void> {
    const isValid = !this.#hasExpired() && (await this.#stillValid(credential));
    if (this.#watched !== credential) return;
    if (isValid) return this.#schedule(credential);
    this.stop();
    this.#options.onEnd();
  }

  #hasExpired(): boolean {
    return this.#expiresAt !== null && this.#expiresAt.getTime() <= Date.now();
  }

  async #stillValid(credential: WatchedCredential): Promise<boolean> {
    try {
      const expiresAt = await credential.check();
      // A rotation ends the old secret of an API key earlier than the key.
      if (this.#watched === credential) this.#expiresAt = expiresAt;
      return true;
    } catch (error) {
      // An outage of the database says nothing about the credential.
      return !(error instanceof AppError && (error.kind === 'unauthenticated' || error.kind === 'forbidden'));
    }
  }
}
