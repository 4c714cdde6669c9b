import path from 'node:path';
import { requireShapesInside, type MaskShapes } from '../domain/mask-shapes.js';
import { AppError } from '../errors/app-error.js';
import { badMask } from './upload-pair-rules.js';
import { acceptedImage, acceptedVideo } from './accepted-file.js';
import {
  storedName,
  type AcceptedFile,
  type ImageSize,
  type ImportedImage,
  type KnownVideo,
  type MediaInspector,
  type UploadedFile,
} from './upload-inspection.js';

/** An uploaded file with the name that the client gave it. */
export interface NamedFile extends UploadedFile {
  readonly name: string;
}

/** What a client gives as a mask. */
export type GivenMask =
  /** An image or video. `isShared`: also used for other sources. */
  | { readonly kind: 'file'; readonly file: NamedFile; readonly isShared?: boolean }
  | { readonly kind: 'shapes'; readonly shapes: MaskShapes }
  /** The transparent part of each image. */
  | { readonly kind: 'alpha' };

/** A mask that is used for several sources. */
export const sharedMask = (mask: GivenMask): GivenMask =>
  mask.kind === 'file' ? { ...mask, isShared: true } : mask;

/** Whether a mask is not a file that belongs to one source. */
export const isShared = (mask: GivenMask): boolean => mask.kind !== 'file' || mask.isShared === true;

/** Name of a mask in reports. */
export const entryOf = (mask: GivenMask): string => (mask.kind === 'file' ? mask.file.name : mask.kind);

/** A source that gets a mask. */
interface MaskedSource {
  readonly source: AcceptedFile;
  /** The file as it was sent, before it was converted. */
  readonly original: NamedFile;
}

interface MaskReaderOptions {
  readonly inspector: MediaInspector;
  /** Whether mask images are scaled to their sources. */
  readonly fits: boolean;
  readonly signal?: AbortSignal;
}

/** Reads the masks of one upload; each source gets a file of its own. */
export class MaskReader {
  readonly #options: MaskReaderOptions;
  #count = 0;

  constructor(options: MaskReaderOptions) {
    this.#options = options;
  }

  /**
   * Checks once what would fail for every source: a mask for several files is an image. @throws AppError
   * UNSUPPORTED_TYPE, EMPTY_FILE, MASK_KIND_MISMATCH
   */
  async requireShareable(mask: GivenMask): Promise<void> {
    if (mask.kind !== 'file') return;
    const kind = await this.#options.inspector.kindOf(mask.file.path);
    if (kind === 'image') return;
    const what = kind === 'zip' ? 'a ZIP' : 'a video';
    const message = `The mask "${mask.file.name}" is ${what}; a mask for several files must be an image.`;
    throw badMask('MASK_KIND_MISMATCH', message);
  }

  /** The mask of a source; see {@link holeOf} for mask videos. @throws AppError describing what is wrong with it */
  async read(mask: GivenMask, masked: MaskedSource): Promise<AcceptedFile> {
    switch (mask.kind) {
      case 'file':
        return this.#readFile(mask, masked.source);
      case 'shapes':
        return this.#draw(mask.shapes, masked);
      case 'alpha':
        return this.#readAlpha(masked);
    }
  }

  async #readFile(
    { file, isShared: shared }: Extract<GivenMask, { kind: 'file' }>,
    source: AcceptedFile,
  ): Promise<AcceptedFile> {
    const { inspector, signal } = this.#options;
    const { name, ...uploaded } = file;
    const kind = await inspector.kindOf(file.path);
    if (kind === 'zip') throw new AppError('UNSUPPORTED_TYPE', { message: 'A ZIP cannot be a mask.' });
    if (kind === 'image') return acceptedImage(storedName(name), await this.#import(file, source));
    if (shared)
      throw badMask(
        'MASK_KIND_MISMATCH',
        `The mask "${name}" is a video; a mask for several files must be an image.`,
      );
    const probed = await inspector.probeVideo(file.path, signal);
    return acceptedVideo(storedName(name), uploaded, { ...probed, role: 'mask' });
  }

  /** Hole share and reading of a mask that fits its source; for a video, determined once for all frames. */
  async holeOf(source: AcceptedFile, mask: AcceptedFile): Promise<AcceptedFile['hole']> {
    const { inspector, signal } = this.#options;
    if (mask.kind === 'image') return mask.hole;
    return inspector.readMaskVideo(knownVideo(mask), knownVideo(source), signal);
  }

  #import(file: NamedFile, source: AcceptedFile): Promise<ImportedImage> {
    const { inspector, fits, signal } = this.#options;
    return inspector.importImage(file.path, {
      role: 'mask',
      ...(source.kind === 'image' ? { sourcePath: source.file.path } : { sourceVideo: knownVideo(source) }),
      ...(fits && { fit: sizeOf(source) }),
      target: this.#target(file),
      signal,
    });
  }

  async #draw(shapes: MaskShapes, { source, original }: MaskedSource): Promise<AcceptedFile> {
    const { inspector, signal } = this.#options;
    const size = sizeOf(source);
    requireShapesInside(shapes, size);
    const drawn = await inspector.drawMask({ shapes, size, target: this.#target(original) }, signal);
    return acceptedImage('shapes', drawn);
  }

  async #readAlpha({ source, original }: MaskedSource): Promise<AcceptedFile> {
    const { inspector, signal } = this.#options;
    if (source.kind === 'video')
      throw badMask(
        'MASK_KIND_MISMATCH',
        `"${source.name}" is a video; only the transparency of images can be a mask.`,
      );
    const target = this.#target(original);
    const options = { role: 'mask', byAlpha: true, target, signal } as const;
    return acceptedImage('alpha', await inspector.importImage(original.path, options));
  }

  /** A new file next to an uploaded one. */
  #target({ path: file }: UploadedFile): string {
    this.#count += 1;
    return path.join(path.dirname(file), `mask-${String(this.#count)}.png`);
  }
}

const sizeOf = ({ width, height }: AcceptedFile): ImageSize => ({ width, height });

const knownVideo = ({ file: { path: file }, frameCount, frameSource }: AcceptedFile): KnownVideo => ({
  path: file,
  frameCount,
  frameSource,
});
