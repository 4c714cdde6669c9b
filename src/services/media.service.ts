import type { Media } from '../domain/dataset.js';
import type { MediaFilter } from '../domain/media-list.js';
import type { FrameFormat, Preview } from '../domain/preview.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { notFound } from '../errors/common-errors.js';
import type { BlobStore } from '../storage/blob-store.js';
import { MEDIA_MIME } from '../domain/media-types.js';
import type { FrameImages } from './dataset-file.service.js';
import { chunksOf, PreviewFiles, type MediaFile, type PreviewDetails } from './preview-files.js';

/** A media with its previews, in the order of the kinds. */
export interface MediaWithPreviews {
  readonly media: Media;
  readonly previews: readonly Preview[];
}

/** A media with the files of its thumbnail, poster and proxy. */
export interface MediaDetails extends MediaWithPreviews, PreviewDetails {}

/** A frame to be sent: it is decoded when it is opened. */
export interface MediaFrame {
  readonly tag: string;
  readonly modified: Date;
  /** Decodes the frame; disposing it deletes its file. @throws AppError as `FrameImages.open` */
  open(signal?: AbortSignal): Promise<MediaFile & AsyncDisposable>;
}

/** Identifies a media of the caller. */
export interface MediaRequest {
  readonly userId: string;
  readonly id: string;
}

const FRAME_MIME: Readonly<Record<FrameFormat, string>> = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
};
/** Part of the entity tags of frames; changes when frames are decoded differently. */
const FRAME_VERSION = 1;

/** The caller's media, their previews and single frames. Media of other users are reported as NOT_FOUND. */
export class MediaService {
  readonly #read: UnitOfWork['read'];
  readonly #store: Pick<BlobStore, 'open' | 'borrow'>;
  readonly #frames: FrameImages;
  readonly previews: PreviewFiles<MediaRequest>;

  constructor({ read }: UnitOfWork, store: Pick<BlobStore, 'open' | 'borrow'>, frames: FrameImages) {
    this.#read = read;
    this.#store = store;
    this.#frames = frames;
    this.previews = new PreviewFiles({
      ...{ previews: read.previews, store },
      find: async (request) => {
        const media = await this.#owned(request);
        return { ...media, details: { id: media.id } };
      },
    });
  }

  /** @throws AppError VALIDATION for an invalid cursor; NOT_FOUND for the dataset of another user */
  async list(filter: MediaFilter, request: PageRequest): Promise<Page<MediaWithPreviews>> {
    const { datasetId, userId } = filter;
    if (datasetId !== undefined) await this.#read.datasets.requireOwned(datasetId, userId);
    const { rows, nextCursor } = await this.#read.media.page(filter, request);
    const listed = await this.previews.withPreviews(rows);
    return { rows: listed.map(({ file, previews }) => ({ media: file, previews })), nextCursor };
  }

  /** @throws AppError NOT_FOUND. */
  async get(request: MediaRequest): Promise<MediaDetails> {
    const media = await this.#owned(request);
    return { media, ...(await this.previews.details(media)) };
  }

  /** The stored file itself. @throws AppError NOT_FOUND, MEDIA_MISSING. */
  async content(request: MediaRequest): Promise<MediaFile> {
    const { sha256, name, container, ...media } = await this.#owned(request);
    return {
      bytes: media.bytes,
      tag: sha256,
      modified: media.createdAt,
      type: MEDIA_MIME[container] ?? 'application/octet-stream',
      filename: `${name}.${container}`,
      read: (range) => chunksOf(this.#store.open(media.storageKey, range)),
    };
  }

  /** Any frame of a video, tone-mapped if it is HDR. @throws AppError NOT_FOUND, also beyond the last frame */
  async frame(request: MediaRequest, index: number, format: FrameFormat): Promise<MediaFrame> {
    const media = await this.#owned(request);
    if (media.kind !== 'video' || index >= media.frameCount) throw notFound('Frame', String(index));
    const tag = `${media.sha256}-${index}-${FRAME_VERSION}.${format}`;
    const modified = media.createdAt;
    return {
      tag,
      modified,
      open: async (signal) => {
        await using file = await this.#store.borrow(media.storageKey, media.sha256);
        const wanted = { userId: request.userId, index, video: media, format, toneMap: true, signal };
        const image = await this.#frames.open(file.path, wanted);
        const filename = `${media.name}-${index}.${format}`;
        return { ...image, tag, modified, type: FRAME_MIME[format], filename };
      },
    };
  }

  #owned({ id, userId }: MediaRequest): Promise<Media> {
    return this.#read.media.requireOwned(id, userId);
  }
}
