import type { Readable } from 'node:stream';
import type { Media } from '../domain/dataset.js';
import { frameOfSample, parseDatasetFileName, datasetFileName } from '../domain/dataset-file.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { notFound } from '../errors/common-errors.js';
import type { BlobStore, ByteRange } from '../storage/blob-store.js';

/** A frame of a stored video. */
export interface WantedFrame {
  /** Whose request it is: users take turns. */
  readonly userId: string;
  /** Counted from 0. */
  readonly index: number;
  readonly video: Pick<Media, 'width' | 'height' | 'frameCount' | 'frameSource'>;
  readonly signal?: AbortSignal;
}

/** A frame as PNG; disposing removes it. */
export interface FrameImage extends AsyncDisposable {
  readonly bytes: number;
  readonly sha256: string;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/** Decodes single frames of stored videos. */
export interface FrameImages {
  /** @throws AppError NOT_FOUND for a frame beyond the end, BUSY (unavailable) where too many are asked for */
  png(file: string, wanted: WantedFrame): Promise<FrameImage>;
}

/** Which file of which dataset. */
export interface DatasetFileRequest {
  readonly userId: string;
  readonly datasetName: string;
  readonly type: 'image' | 'mask';
  readonly filename: string;
  readonly includeDeleted: boolean;
}

/** A file that can be sent; disposing it removes what was made for the request. */
export interface DatasetFile extends AsyncDisposable {
  readonly bytes: number;
  readonly sha256: string;
  readonly modified: Date;
  /** MIME type. */
  readonly type: string;
  readonly filename: string;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

const MIME: Readonly<Record<string, string>> = {
  png: 'image/png',
  mp4: 'video/mp4',
  avi: 'video/x-msvideo',
  mkv: 'video/x-matroska',
  webm: 'video/webm',
  ts: 'video/mp2t',
  mpg: 'video/mpeg',
  gif: 'image/gif',
};

/** Hands out the files of datasets to their owners, by the names that items have. */
export class DatasetFileService {
  readonly #unitOfWork: UnitOfWork;
  readonly #store: Pick<BlobStore, 'open' | 'path'>;
  readonly #frames: FrameImages;

  constructor(unitOfWork: UnitOfWork, store: Pick<BlobStore, 'open' | 'path'>, frames: FrameImages) {
    this.#unitOfWork = unitOfWork;
    this.#store = store;
    this.#frames = frames;
  }

  /** @throws AppError NOT_FOUND for a name that none of the dataset's items has, MEDIA_MISSING. */
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
      type: MIME[media.container] ?? 'application/octet-stream',
      filename,
      read: (range) => stream(this.#store.open(media.storageKey, range)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async #frame(media: Media, filename: string, wanted: WantedFrame): Promise<DatasetFile> {
    const png = await this.#frames.png(await this.#store.path(media.storageKey), wanted);
    return { ...png, modified: media.createdAt, type: MIME.png, filename };
  }
}

async function* stream(opening: Promise<Readable>): AsyncGenerator<Buffer> {
  for await (const chunk of await opening) yield chunk as Buffer;
}
