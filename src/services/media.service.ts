import type { Readable } from 'node:stream';
import type { Media } from '../domain/dataset.js';
import { sheetsOf, sheetVariant, type FilmstripFacts } from '../domain/filmstrip.js';
import type { MediaFilter } from '../domain/media-list.js';
import {
  THUMBNAIL_WIDTHS,
  thumbnailVariant,
  WHOLE_VARIANT,
  type FrameFormat,
  type Preview,
  type PreviewFile,
  type PreviewFileKind,
  type PreviewKind,
  type ThumbnailFormat,
} from '../domain/preview.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import type { BlobStore, ByteRange } from '../storage/blob-store.js';
import { MEDIA_MIME, type FrameImages } from './dataset-file.service.js';

/** A media with its previews, in the order of the kinds. */
export interface MediaWithPreviews {
  readonly media: Media;
  readonly previews: readonly Preview[];
}

/** A media with the files of its thumbnail, poster and proxy. */
export interface MediaDetails extends MediaWithPreviews {
  readonly files: Readonly<Partial<Record<PreviewKind, readonly PreviewFile[]>>>;
}

/** A file to be sent. */
export interface MediaFile {
  readonly bytes: number;
  /** Strong entity tag without quotes. */
  readonly tag: string;
  readonly modified: Date;
  /** MIME type. */
  readonly type: string;
  readonly filename: string;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

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

/** When clients should ask again for a preview that is not ready. */
const RETRY_AFTER_SECONDS = 5;
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

  constructor({ read }: UnitOfWork, store: Pick<BlobStore, 'open' | 'borrow'>, frames: FrameImages) {
    this.#read = read;
    this.#store = store;
    this.#frames = frames;
  }

  /** @throws AppError VALIDATION for an invalid cursor; NOT_FOUND for the dataset of another user */
  async list(filter: MediaFilter, request: PageRequest): Promise<Page<MediaWithPreviews>> {
    const { datasetId, userId } = filter;
    if (datasetId !== undefined) await this.#read.datasets.requireOwned(datasetId, userId);
    const { rows, nextCursor } = await this.#read.media.page(filter, request);
    const previews = await this.#read.previews.ofContents([...new Set(rows.map(({ sha256 }) => sha256))]);
    const of = ({ sha256 }: Media) => previews.filter((preview) => preview.sha256 === sha256);
    return { rows: rows.map((media) => ({ media, previews: of(media) })), nextCursor };
  }

  /** @throws AppError NOT_FOUND. */
  async get({ id, userId }: MediaRequest): Promise<MediaDetails> {
    const media = await this.#read.media.requireOwned(id, userId);
    const previews = await this.#read.previews.ofContents([media.sha256]);
    const filesOf = async (kind: PreviewFileKind) =>
      [kind, await this.#read.previews.files(media.sha256, kind)] as const;
    // Those of a filmstrip are described by its facts.
    const files = Object.fromEntries(
      await Promise.all((['thumbnail', 'poster', 'proxy'] as const).map(filesOf)),
    );
    return { media, previews, files };
  }

  /** The stored file itself. @throws AppError NOT_FOUND, MEDIA_MISSING. */
  async content({ id, userId }: MediaRequest): Promise<MediaFile> {
    const { sha256, name, container, ...media } = await this.#read.media.requireOwned(id, userId);
    return {
      bytes: media.bytes,
      tag: sha256,
      modified: media.createdAt,
      type: MEDIA_MIME[container] ?? 'application/octet-stream',
      filename: `${name}.${container}`,
      read: (range) => stream(this.#store.open(media.storageKey, range)),
    };
  }

  /**
   * The thumbnail of this nominal width, or the largest one.
   * @throws AppError NOT_FOUND, PREVIEW_NONE, PREVIEW_PENDING, PREVIEW_FAILED
   */
  async thumbnail(request: MediaRequest, width: number, format: ThumbnailFormat): Promise<MediaFile> {
    const widths = THUMBNAIL_WIDTHS.filter((nominal) => nominal <= width).toReversed();
    const variants = widths.map((nominal) => thumbnailVariant(nominal, format));
    return this.#file(request, 'thumbnail', variants);
  }

  /** The poster or the playable copy. @throws AppError as {@link thumbnail} */
  async whole(request: MediaRequest, kind: 'poster' | 'proxy'): Promise<MediaFile> {
    return this.#file(request, kind, [WHOLE_VARIANT]);
  }

  /** @throws AppError as {@link thumbnail} */
  async filmstrip({ id, userId }: MediaRequest): Promise<FilmstripFacts> {
    const media = await this.#read.media.requireOwned(id, userId);
    const preview = await this.#preview(media, 'filmstrip');
    if (preview?.facts.filmstrip) return preview.facts.filmstrip;
    throw unavailable(media, 'filmstrip', preview);
  }

  /** One frame of the filmstrip, or one sheet of its tiles. @throws AppError as {@link thumbnail}, NOT_FOUND beyond the last */
  async stripFile(request: MediaRequest, part: 'frame' | 'sheet', position: number): Promise<MediaFile> {
    const filmstrip = await this.filmstrip(request);
    const count = part === 'frame' ? filmstrip.frames.length : sheetsOf(filmstrip);
    if (position >= count) throw notFound(`The ${part} of the filmstrip`, String(position));
    return this.#file(request, 'filmstrip', [part === 'frame' ? String(position) : sheetVariant(position)]);
  }

  /** Any frame of a video, tone-mapped if it is HDR. @throws AppError NOT_FOUND, also beyond the last frame */
  async frame({ id, userId }: MediaRequest, index: number, format: FrameFormat): Promise<MediaFrame> {
    const media = await this.#read.media.requireOwned(id, userId);
    if (media.kind !== 'video' || index >= media.frameCount) throw notFound('Frame', String(index));
    const tag = `${media.sha256}-${index}-${FRAME_VERSION}.${format}`;
    const modified = media.createdAt;
    return {
      tag,
      modified,
      open: async (signal) => {
        await using file = await this.#store.borrow(media.storageKey, media.sha256);
        const wanted = { userId, index, video: media, format, toneMap: true, signal };
        const image = await this.#frames.open(file.path, wanted);
        const filename = `${media.name}-${index}.${format}`;
        return { ...image, tag, modified, type: FRAME_MIME[format], filename };
      },
    };
  }

  async #file(
    { id, userId }: MediaRequest,
    kind: PreviewFileKind,
    variants: readonly string[],
  ): Promise<MediaFile> {
    const media = await this.#read.media.requireOwned(id, userId);
    for (const variant of variants) {
      const file = await this.#read.previews.file(media.sha256, kind, variant);
      if (file) return this.#toFile(media, kind, file);
    }
    throw unavailable(media, kind, await this.#preview(media, kind));
  }

  #toFile({ name, createdAt }: Media, kind: PreviewFileKind, file: PreviewFile): MediaFile {
    const { bytes, type, variant, storageKey } = file;
    const ending = type.slice(type.indexOf('/') + 1);
    const part = kind === 'filmstrip' ? `-${variant}` : '';
    return {
      bytes,
      tag: storageKey,
      modified: createdAt,
      type,
      filename: `${name}-${kind}${part}.${ending}`,
      read: (range) => stream(this.#store.open(storageKey, range)),
    };
  }

  async #preview({ sha256 }: Media, kind: PreviewKind): Promise<Preview | undefined> {
    const previews = await this.#read.previews.ofContents([sha256]);
    return previews.find((preview) => preview.kind === kind);
  }
}

function unavailable(
  { id, kind: mediaKind }: Media,
  kind: PreviewKind,
  preview: Preview | undefined,
): AppError {
  if (!preview)
    return new AppError('PREVIEW_NONE', {
      message: `There is no ${kind} of this ${mediaKind}.`,
      details: { id },
    });
  if (preview.status === 'failed')
    return new AppError('PREVIEW_FAILED', {
      message: `The ${kind} could not be made: ${preview.error?.message ?? ''}`,
      details: { id, cause: preview.error?.code },
    });
  return new AppError('PREVIEW_PENDING', {
    message: `The ${kind} is not ready yet; ask again in ${RETRY_AFTER_SECONDS} s.`,
    details: { id },
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

async function* stream(opening: Promise<Readable>): AsyncGenerator<Buffer> {
  for await (const chunk of await opening) yield chunk as Buffer;
}
