import type { Readable } from 'node:stream';
import type { MediaKind } from '../domain/dataset.js';
import { sheetsOf, sheetVariant, type FilmstripFacts } from '../domain/filmstrip.js';
import {
  THUMBNAIL_WIDTHS,
  thumbnailVariant,
  WHOLE_VARIANT,
  type Preview,
  type PreviewFile,
  type PreviewFileKind,
  type PreviewKind,
  type ThumbnailFormat,
} from '../domain/preview.js';
import type { PreviewRepository } from '../domain/repositories/preview.repository.js';
import { AppError } from '../errors/app-error.js';
import { notFound } from '../errors/common-errors.js';
import type { BlobStore, ByteRange } from '../storage/blob-store.js';

/** A file of which there may be previews: a media, or a file of a result. */
interface PreviewedFile {
  readonly sha256: string;
  readonly kind: MediaKind;
  /** Names of sent previews begin with it. */
  readonly name: string;
  readonly createdAt: Date;
  /** Identifies the file in errors. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** The previews of a file, and the files of its thumbnail, poster and proxy. */
export interface PreviewDetails {
  readonly previews: readonly Preview[];
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

/** When clients should ask again for a preview that is not ready. */
const RETRY_AFTER_SECONDS = 5;

/** Where {@link PreviewFiles} finds previews, their bytes and the files they are of. */
export interface PreviewFilesDeps<Request> {
  readonly previews: Pick<PreviewRepository, 'ofContents' | 'files' | 'file'>;
  readonly store: Pick<BlobStore, 'open'>;
  /** The file of a request, as its caller may see it. @throws AppError NOT_FOUND and others */
  readonly find: (request: Request) => Promise<PreviewedFile>;
}

/** Finds the previews of the files that requests ask for. */
export class PreviewFiles<Request> {
  readonly #deps: PreviewFilesDeps<Request>;

  constructor(deps: PreviewFilesDeps<Request>) {
    this.#deps = deps;
  }

  /** Each of these files with its previews. */
  async withPreviews<File extends Pick<PreviewedFile, 'sha256'>>(
    files: readonly File[],
  ): Promise<{ readonly file: File; readonly previews: readonly Preview[] }[]> {
    const previews = await this.#deps.previews.ofContents([...new Set(files.map(({ sha256 }) => sha256))]);
    return files.map((file) => ({
      file,
      previews: previews.filter(({ sha256 }) => sha256 === file.sha256),
    }));
  }

  /** The previews of a file; those of a filmstrip are described by its facts. */
  async details({ sha256 }: Pick<PreviewedFile, 'sha256'>): Promise<PreviewDetails> {
    const previews = await this.#deps.previews.ofContents([sha256]);
    const filesOf = async (kind: PreviewFileKind) =>
      [kind, await this.#deps.previews.files(sha256, kind)] as const;
    const found = await Promise.all((['thumbnail', 'poster', 'proxy'] as const).map(filesOf));
    return { previews, files: Object.fromEntries(found) };
  }

  /**
   * The thumbnail of this nominal width, or the largest one.
   * @throws AppError PREVIEW_NONE, PREVIEW_PENDING, PREVIEW_FAILED, or an error about the file
   */
  async thumbnail(request: Request, width: number, format: ThumbnailFormat): Promise<MediaFile> {
    const widths = THUMBNAIL_WIDTHS.filter((nominal) => nominal <= width).toReversed();
    const variants = widths.map((nominal) => thumbnailVariant(nominal, format));
    return this.#file(await this.#deps.find(request), 'thumbnail', variants);
  }

  /** The poster or the playable copy. @throws AppError as {@link thumbnail} */
  async whole(request: Request, kind: 'poster' | 'proxy'): Promise<MediaFile> {
    return this.#file(await this.#deps.find(request), kind, [WHOLE_VARIANT]);
  }

  /** @throws AppError as {@link thumbnail} */
  async filmstrip(request: Request): Promise<FilmstripFacts> {
    return this.#filmstrip(await this.#deps.find(request));
  }

  /** One frame of the filmstrip, or one sheet of its tiles. @throws AppError as {@link thumbnail}, NOT_FOUND beyond the last */
  async stripFile(request: Request, part: 'frame' | 'sheet', position: number): Promise<MediaFile> {
    const file = await this.#deps.find(request);
    const filmstrip = await this.#filmstrip(file);
    const count = part === 'frame' ? filmstrip.frames.length : sheetsOf(filmstrip);
    if (position >= count) throw notFound(`The ${part} of the filmstrip`, String(position));
    return this.#file(file, 'filmstrip', [part === 'frame' ? String(position) : sheetVariant(position)]);
  }

  async #filmstrip(file: PreviewedFile): Promise<FilmstripFacts> {
    const preview = await this.#preview(file, 'filmstrip');
    if (preview?.facts.filmstrip) return preview.facts.filmstrip;
    throw unavailable(file, 'filmstrip', preview);
  }

  async #file(file: PreviewedFile, kind: PreviewFileKind, variants: readonly string[]): Promise<MediaFile> {
    for (const variant of variants) {
      const found = await this.#deps.previews.file(file.sha256, kind, variant);
      if (found) return this.#toFile(file, kind, found);
    }
    throw unavailable(file, kind, await this.#preview(file, kind));
  }

  #toFile({ name, createdAt }: PreviewedFile, kind: PreviewFileKind, file: PreviewFile): MediaFile {
    const { bytes, type, variant, storageKey } = file;
    const ending = type.slice(type.indexOf('/') + 1);
    const part = kind === 'filmstrip' ? `-${variant}` : '';
    return {
      bytes,
      tag: storageKey,
      modified: createdAt,
      type,
      filename: `${name}-${kind}${part}.${ending}`,
      read: (range) => chunksOf(this.#deps.store.open(storageKey, range)),
    };
  }

  async #preview({ sha256 }: PreviewedFile, kind: PreviewKind): Promise<Preview | undefined> {
    const previews = await this.#deps.previews.ofContents([sha256]);
    return previews.find((preview) => preview.kind === kind);
  }
}

function unavailable(
  { details, kind: fileKind }: PreviewedFile,
  kind: PreviewKind,
  preview: Preview | undefined,
): AppError {
  if (!preview)
    return new AppError('PREVIEW_NONE', { message: `There is no ${kind} of this ${fileKind}.`, details });
  if (preview.status === 'failed')
    return new AppError('PREVIEW_FAILED', {
      message: `The ${kind} could not be made: ${preview.error?.message ?? ''}`,
      details: { ...details, cause: preview.error?.code },
    });
  return new AppError('PREVIEW_PENDING', {
    message: `The ${kind} is not ready yet; ask again in ${RETRY_AFTER_SECONDS} s.`,
    details,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  });
}

/** The chunks of a stream that is opened when the first is read. */
export async function* chunksOf(opening: Promise<Readable>): AsyncGenerator<Buffer> {
  for await (const chunk of await opening) yield chunk as Buffer;
}
