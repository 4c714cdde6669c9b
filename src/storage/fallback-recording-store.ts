import type {
  BorrowedRecording,
  RecordingLog,
  RecordingStore,
  StoredRecording,
} from '../domain/servo-recording.js';
import { AppError } from '../errors/app-error.js';

/** Writes recordings to one store and finds those that are still in another one. */
export class FallbackRecordingStore implements RecordingStore {
  readonly #primary: RecordingStore;
  readonly #fallback: RecordingStore;

  constructor(primary: RecordingStore, fallback: RecordingStore) {
    this.#primary = primary;
    this.#fallback = fallback;
  }

  create(sessionId: string): Promise<RecordingLog> {
    return this.#primary.create(sessionId);
  }

  borrow(sessionId: string): Promise<BorrowedRecording> {
    return this.#primary.borrow(sessionId).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'RECORDING_MISSING')
        return this.#fallback.borrow(sessionId);
      throw error;
    });
  }

  async list(): Promise<readonly StoredRecording[]> {
    return [...(await this.#primary.list()), ...(await this.#fallback.list())];
  }

  async remove(sessionId: string): Promise<void> {
    await this.#fallback.remove(sessionId);
    await this.#primary.remove(sessionId);
  }
}
