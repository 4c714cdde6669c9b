import type { Lock, RequestRelease } from '@tus/utils';
import type { UploadLocks } from '../domain/incoming-upload.js';

/** The lock of an upload for the time of one request. */
export class TusLock implements Lock {
  readonly #locks: UploadLocks;
  readonly #id: string;
  #held: AsyncDisposable | undefined;

  constructor(locks: UploadLocks, id: string) {
    this.#locks = locks;
    this.#id = id;
  }

  async lock(signal: AbortSignal, requestRelease: RequestRelease): Promise<void> {
    const release = (): void => void requestRelease();
    this.#held = await this.#locks.acquire(this.#id, { signal, onRequested: release, onLost: release });
  }

  async unlock(): Promise<void> {
    await this.#held?.[Symbol.asyncDispose]();
    this.#held = undefined;
  }
}

/** For requests whose work takes the lock itself. */
export const NO_LOCK: Lock = { lock: () => Promise.resolve(), unlock: () => Promise.resolve() };
