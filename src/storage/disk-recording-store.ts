import { access, readdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type {
  BorrowedRecording,
  RecordingLog,
  RecordingStore,
  StoredRecording,
} from '../domain/servo-recording.js';
import { AppError } from '../errors/app-error.js';
import { makeFolder } from './folders.js';
import { RecordingFile } from './recording-file.js';

const FOLDER = 'servo-recordings';
const NAME = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.rec$/;

/** Error of a recording that was removed or is on another machine. */
export const recordingMissing = (sessionId: string, cause?: unknown): AppError =>
  new AppError('RECORDING_MISSING', {
    message: `The recording of session ${sessionId} is missing.`,
    details: { sessionId },
    cause,
  });

/** {@link RecordingStore} in a folder of the media folder, which api and workers share: `servo-recordings/<session>.rec`. */
export class DiskRecordingStore implements RecordingStore {
  readonly #folder: string;
  readonly #failedWith: (error: unknown, sessionId: string) => void;

  /**
   * @param mediaFolder root of the blob store
   * @param failedWith called when a recording cannot be written any more
   */
  constructor(
    mediaFolder: string,
    failedWith: (error: unknown, sessionId: string) => void = () => undefined,
  ) {
    this.#folder = join(resolve(mediaFolder), FOLDER);
    this.#failedWith = failedWith;
  }

  async create(sessionId: string): Promise<RecordingLog> {
    await makeFolder(this.#folder, 0o700);
    return RecordingFile.create(this.#pathOf(sessionId), (error) => this.#failedWith(error, sessionId));
  }

  async borrow(sessionId: string): Promise<BorrowedRecording> {
    const path = await this.path(sessionId);
    return { path, [Symbol.asyncDispose]: () => Promise.resolve() };
  }

  /** Path of a recording. @throws AppError RECORDING_MISSING (gone) */
  async path(sessionId: string): Promise<string> {
    const path = this.#pathOf(sessionId);
    await access(path).catch((cause: unknown) => {
      throw recordingMissing(sessionId, cause);
    });
    return path;
  }

  async list(): Promise<readonly StoredRecording[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found = await Promise.all(
      names.map(async (name): Promise<StoredRecording[]> => {
        const sessionId = NAME.exec(name)?.[1];
        const facts = sessionId && (await stat(join(this.#folder, name)).catch(() => null));
        return facts ? [{ sessionId, bytes: facts.size, modifiedAt: facts.mtime }] : [];
      }),
    );
    return found.flat();
  }

  async remove(sessionId: string): Promise<void> {
    await rm(this.#pathOf(sessionId), { force: true });
  }

  #pathOf(sessionId: string): string {
    const name = `${sessionId}.rec`;
    // Ids come from our own database; a value that is not a UUID is a bug and must not become a path.
    if (!NAME.test(name)) throw new TypeError('the id of a session must be a uuid in lower case');
    return join(this.#folder, name);
  }
}
