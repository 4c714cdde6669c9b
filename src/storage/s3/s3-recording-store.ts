import { randomUUID } from 'node:crypto';
import type {
  BorrowedRecording,
  RecordingLog,
  RecordingStore,
  StoredRecording,
} from '../../domain/servo-recording.js';
import { requireBlobKey } from '../blob-key.js';
import { recordingMissing } from '../disk-recording-store.js';
import { RecordingFile } from '../recording-file.js';
import type { TempFolders } from '../temp-folders.js';
import type { S3Bucket } from './s3-bucket.js';
import { S3Segments } from './s3-segments.js';
import { SegmentedRecording } from './segmented-recording.js';

/**
 * {@link RecordingStore} in a bucket: `<prefix>recordings/<session>/<offset>`. A recording is written to a local file, whose
 * new bytes become segments of their own every few seconds, so that a worker elsewhere can read the recording of a process
 * that was killed.
 */
export class S3RecordingStore implements RecordingStore {
  readonly #segments: S3Segments;
  readonly #folders: TempFolders;
  readonly #failedWith: (error: unknown, sessionId: string) => void;

  /** @param failedWith called when a recording cannot be stored any more */
  constructor(
    bucket: S3Bucket,
    folders: TempFolders,
    failedWith: (error: unknown, sessionId: string) => void = () => undefined,
  ) {
    this.#segments = new S3Segments(bucket, 'recordings/');
    this.#folders = folders;
    this.#failedWith = failedWith;
  }

  async create(sessionId: string): Promise<RecordingLog> {
    requireBlobKey(sessionId);
    const folder = await this.#folders.create('recordings', sessionId);
    const path = folder.file('recording');
    const file = await RecordingFile.create(path, (error) => this.#failedWith(error, sessionId));
    return new SegmentedRecording({
      file,
      path,
      send: (offset, bytes) => this.#segments.put(sessionId, offset, bytes),
      removeFile: () => folder.remove(),
      failedWith: (error) => this.#failedWith(error, sessionId),
    });
  }

  async borrow(sessionId: string): Promise<BorrowedRecording> {
    const { segments } = await this.#segments.contiguous(sessionId);
    if (segments.length === 0) throw recordingMissing(sessionId);
    const folder = await this.#folders.create('recordings', `${sessionId}-${randomUUID()}`);
    try {
      const path = folder.file('recording');
      await this.#segments.write(segments, path);
      return { path, [Symbol.asyncDispose]: () => folder.remove() };
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  async list(): Promise<readonly StoredRecording[]> {
    const found = new Map<string, StoredRecording>();
    for await (const { id, bytes, modifiedAt } of this.#segments.list()) {
      const before = found.get(id);
      found.set(id, {
        sessionId: id,
        bytes: bytes + (before?.bytes ?? 0),
        modifiedAt: before && before.modifiedAt > modifiedAt ? before.modifiedAt : modifiedAt,
      });
    }
    return [...found.values()];
  }

  remove(sessionId: string): Promise<void> {
    return this.#segments.remove(sessionId);
  }
}
