import type { Preview } from '../domain/preview.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { StoredResultMedia } from '../domain/result.js';
import { notFound, validationFailed } from '../errors/common-errors.js';
import type { BlobStore } from '../storage/blob-store.js';
import { PreviewFiles, type MediaFile, type PreviewDetails } from './preview-files.js';
import type { ResultService } from './result.service.js';

/** An image or a video of a result with its previews, in the order of the kinds. */
export interface ResultMediaWithPreviews {
  readonly media: StoredResultMedia;
  readonly previews: readonly Preview[];
}

/** Identifies an image or a video of a result of the caller. */
export interface ResultMediaRequest {
  readonly userId: string;
  readonly jobId: string;
  readonly position: number;
}

/** Images and videos of the results of a user's jobs, and their previews. Those of other users are reported as NOT_FOUND. */
export class ResultMediaService {
  readonly #read: UnitOfWork['read'];
  readonly #results: Pick<ResultService, 'require'>;
  readonly previews: PreviewFiles<ResultMediaRequest>;

  constructor({ read }: UnitOfWork, results: Pick<ResultService, 'require'>, store: Pick<BlobStore, 'open'>) {
    this.#read = read;
    this.#results = results;
    this.previews = new PreviewFiles({
      ...{ previews: read.previews, store },
      find: async (request) => {
        const media = await this.#owned(request);
        const { jobId, position } = media;
        return { ...media, name: fileNameOf(media.name), details: { jobId, position } };
      },
    });
  }

  /** @throws AppError NOT_FOUND, RESULT_NOT_READY, RESULT_GONE; VALIDATION for an invalid cursor */
  async list(
    { userId, jobId }: Omit<ResultMediaRequest, 'position'>,
    { limit, cursor }: PageRequest,
  ): Promise<Page<ResultMediaWithPreviews>> {
    const after = cursor === undefined ? null : positionOf(cursor);
    await this.#results.require(jobId, { principal: { userId } });
    const found = await this.#read.resultMedia.after(jobId, after, limit + 1);
    const listed = await this.previews.withPreviews(found.slice(0, limit));
    const last = found.length > limit ? listed.at(-1) : undefined;
    return {
      rows: listed.map(({ file, previews }) => ({ media: file, previews })),
      nextCursor: last ? String(last.file.position) : null,
    };
  }

  /** @throws AppError NOT_FOUND, RESULT_NOT_READY, RESULT_GONE */
  async get(request: ResultMediaRequest): Promise<ResultMediaWithPreviews & PreviewDetails> {
    const media = await this.#owned(request);
    return { media, ...(await this.previews.details(media)) };
  }

  /** The file itself. @throws AppError as {@link get} */
  async content(request: ResultMediaRequest): Promise<MediaFile> {
    const { jobId, name, type, bytes, offset, sha256, createdAt } = await this.#owned(request);
    return {
      ...{ bytes, type, tag: sha256, modified: createdAt, filename: fileNameOf(name) },
      read: ({ start, end } = { start: 0, end: bytes - 1 }) =>
        this.#read.results.readZip(jobId, { start: offset + start, end: offset + end }),
    };
  }

  async #owned({ userId, jobId, position }: ResultMediaRequest): Promise<StoredResultMedia> {
    await this.#results.require(jobId, { principal: { userId } });
    const media = await this.#read.resultMedia.find(jobId, position);
    if (!media) throw notFound('Image or video of the result', String(position));
    return media;
  }
}

const CURSOR = /^\d{1,9}$/;

function positionOf(cursor: string): number {
  if (CURSOR.test(cursor)) return Number(cursor);
  throw validationFailed([
    { pointer: '/cursor', code: 'INVALID_CURSOR', message: 'must be a cursor that this list returned' },
  ]);
}

/** The last part of a path inside the ZIP. */
const fileNameOf = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
