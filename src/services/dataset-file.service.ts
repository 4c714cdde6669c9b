import type { Readable } from 'node:stream';
import type { Media } from '../domain/dataset.js';
import { frameOfSample, parseDatasetFileName, datasetFileName } from '../domain/dataset-file.js';
import { MEDIA_MIME } from '../domain/media-types.js';
import type { FrameFormat } from '../domain/preview.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { notFound } from '../errors/common-errors.js';
import type { BlobStore, ByteRange } from '../storage/blob-store.js';

/** A requested frame of a stored video. */
export interface FrameRequest {
  /** Owner of the request, for fair queueing between users. */
  readonly userId: string;
  /** Zero-based frame index. */
  readonly index: number;
  readonly video: Pick<Media, 'width' | 'height' | 'frameCount' | 'frameSource'>;
  /** PNG by default. */
  readonly format?: FrameFormat;
  /** Whether HDR is tone-mapped; by default colours are as jobs read them. */
  readonly toneMap?: boolean;
  readonly signal?: AbortSignal;
}

/** A frame as an image file; disposing it deletes the file. */
export interface FrameImage extends AsyncDisposable {
  readonly bytes: number;
  readonly sha256: string;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/** Decodes single frames of stored videos. */
export interface FrameImages {
  /**
   * @throws AppError NOT_FOUND for an index beyond the last frame, BUSY (unavailable) when too many frames
   *   are requested at once
   */
  open(file: string, wanted: FrameRequest): Promise<FrameImage>;
}

/** Identifies one file of a dataset. */
export interface DatasetFileRequest {
  readonly userId: string;
  readonly datasetName: string;
  readonly type: 'image' | 'mask';
  readonly filename: string;
  readonly includeDeleted: boolean;
}

/** A file ready to be sent; disposing it deletes temporary files created for the request. */
export interface DatasetFile extends AsyncDisposable {
  readonly bytes: number;
  readonly sha256: string;
  readonly modified: Date;
  /** MIME type. */
  readonly type: string;
  readonly filename: string;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/** Serves files of datasets to their owners, by item name. */
export class DatasetFileService {
  readonly #unitOfWork: UnitOfWork;
  readonly #store: Pick<BlobStore, 'open' | 'borrow'>;
  readonly #frames: FrameImages;

  constructor(unitOfWork: UnitOfWork, store: Pick<BlobStore, 'open' | 'borrow'>, frames: FrameImages) {
    this.#unitOfWork = unitOfWork;
    this.#store = store;
    this.#frames = frames;
  }

  /** @throws AppError NOT_FOUND when no item of the dataset has this name, MEDIA_MISSING. */
  async open(request: DatasetFileRequest, signal?: AbortSignal): Promise<DatasetFile> {
    const { userId, datasetName, type, filename, includeDeleted } = request;
    const { datasets } = this.#unitOfWork.read;
    const dataset = await datasets.requireByName(datasetName, userId, { includeDeleted });
    const wanted = parseDatasetFileName(filename);
    const item = (await datasets.items(dataset.id)).find(({ position }) => position === wanted?.position);
    const media = type === 'mask' ? item?.mask : item?.source;
    const named = item && media && datasetFileName(item, media, wanted?.frame) === filename;
    if (!named || (wanted?.frame ?? 0) >= item.sampledFrames) throw notFound('File', filename);
    if (!wanted || wanted.frame === null) return this.#whole(media, filename);
    return this.#frame(media, filename, {
      userId,
      index: frameOfSample(media, wanted.frame, item.sampleFps),
      video: media,
      signal,
    });
  }

  #whole(media: Media, filename: string): DatasetFile {
    return {
      bytes: media.bytes,
      sha256: media.sha256,
      modified: media.createdAt,
      type: MEDIA_MIME[media.container] ?? 'application/octet-stream',
      filename,
      read: (range) => stream(this.#store.open(media.storageKey, range)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async #frame(media: Media, filename: string, wanted: FrameRequest): Promise<DatasetFile> {
    await using file = await this.#store.borrow(media.storageKey, media.sha256);
    const png = await this.#frames.open(file.path, wanted);
    return { ...png, modified: media.createdAt, type: MEDIA_MIME.png, filename };
  }
}

async function* stream(opening: Promise<Readable>): AsyncGenerator<Buffer> {
  for await (const chunk of await opening) yield chunk as Buffer;
}
