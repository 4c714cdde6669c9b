import { canonicalText } from '../domain/canonical-text.js';
import {
  MAX_MEDIA_NAME_LENGTH,
  type FrameSource,
  type MaskFacts,
  type MaskReading,
  type MediaKind,
  type MediaRole,
} from '../domain/dataset.js';
import { largeHoleWarnings } from '../domain/large-hole.js';
import type { MaskShapes } from '../domain/mask-shapes.js';
import { AppError } from '../errors/app-error.js';
import { isErrorCode, type ErrorCode } from '../errors/codes.js';
import type { IssueCode } from '../errors/codes/issues.js';
import type { ErrorKind } from '../errors/error-kind.js';
import type { Bill } from './pricing.service.js';

/** Facts about a video, determined by a confined child process. */
export interface VideoFacts {
  readonly container: string;
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  readonly frameSource: FrameSource;
  readonly fps: { readonly num: number; readonly den: number };
  readonly durationSeconds: number;
  /** Whether its frames have an alpha channel. */
  readonly hasAlpha?: boolean;
  /** Number of video streams in the file; only the first is used. */
  readonly videoStreams?: number;
}

/** A video that was already accepted, so that it need not be decoded again. */
export type KnownVideo = Pick<VideoFacts, 'frameCount' | 'frameSource'> & { readonly path: string };

/** An image that was decoded and re-encoded, which drops metadata and hidden content. */
export interface ImportedImage extends UploadedFile {
  readonly width: number;
  readonly height: number;
  /**
   * For masks: share of hole pixels, share of pixels that were neither black nor white, and how it was read.
   */
  readonly hole: MaskFacts | null;
  readonly warnings: readonly string[];
}

/** A file inside an archive. Its name is for display only, never used as a path. */
export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: number;
  /** Why it cannot be extracted, if so. */
  readonly unusable?: {
    readonly code: ErrorCode | IssueCode;
    readonly reason: string;
    readonly addedByProgram: boolean;
  };
}

/** An open archive that has passed the checks for archives. */
export interface UploadArchive {
  readonly entries: readonly ArchiveEntry[];
  /** Warnings for its owner about the archive as a whole. */
  readonly warnings?: readonly string[];
  extract(
    entry: ArchiveEntry,
    targetPath: string,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly sha256: string }>;
  close(): void;
}

/** What an archive is: files to be uploaded, or a whole dataset, which has limits of its own. */
export type ArchiveContent = 'files' | 'dataset';

/** Options for reading an image. */
interface ImageOptions {
  readonly role: MediaRole;
  /** For masks: the accepted file of the source image. */
  readonly sourcePath?: string;
  /** For masks: the video that the mask belongs to. */
  readonly sourceVideo?: KnownVideo;
  /** For masks: the size to which the mask is scaled; its own by default. */
  readonly fit?: ImageSize;
  /** For masks: whether the transparent pixels are the hole. */
  readonly byAlpha?: boolean;
  /** New file for the copy; next to the file by default. */
  readonly target?: string;
  readonly signal?: AbortSignal;
}

/** Width and height in pixels. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A mask to be drawn into a new file. */
interface MaskDrawing {
  readonly shapes: MaskShapes;
  readonly size: ImageSize;
  readonly target: string;
}

/** Inspects uploaded files, which are untrusted. */
export interface MediaInspector {
  /** Kind of a file by its content. @throws AppError UNSUPPORTED_TYPE, EMPTY_FILE. */
  kindOf(file: string): Promise<MediaKind | 'zip'>;
  /** @throws AppError describing what is wrong with the file. */
  probeVideo(file: string, signal?: AbortSignal): Promise<VideoFacts>;
  /** Determines how a mask video is read. @throws AppError MASK_UNCLEAR. */
  readMaskVideo(mask: KnownVideo, source: KnownVideo, signal?: AbortSignal): Promise<MaskFacts>;
  /**
   * Writes a displayable copy of an image next to it. @throws AppError describing what is wrong with the
   * file.
   */
  importImage(file: string, options: ImageOptions): Promise<ImportedImage>;
  /** Writes the mask that shapes describe, which lie within the image. */
  drawMask(drawing: MaskDrawing, signal?: AbortSignal): Promise<ImportedImage>;
  /**
   * @param content `files` by default
   * @throws AppError UNSUPPORTED_TYPE or a `ZIP_…` code
   */
  openArchive(file: string, content?: ArchiveContent): Promise<UploadArchive>;
  /** @throws AppError of kind `storage_full` when this many bytes do not fit on disk. */
  requireSpace(bytes: number): Promise<void>;
}

/** A file in a temporary folder. */
export interface UploadedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file that can be stored, with its properties and future name. */
export interface AcceptedFile {
  readonly name: string;
  readonly kind: MediaKind;
  readonly file: UploadedFile;
  readonly container: string;
  readonly width: number;
  readonly height: number;
  /** 1 for images. */
  readonly frameCount: number;
  /** Null for images. */
  readonly frameSource: FrameSource;
  readonly fps: VideoFacts['fps'] | null;
  readonly durationSeconds: number | null;
  readonly hole: MaskFacts | null;
  readonly warnings: readonly string[];
}

/** An item that can be stored. */
export interface AcceptedItem {
  readonly source: AcceptedFile;
  readonly mask?: AcceptedFile;
  readonly sampleFps?: number;
  /** Number of its upload within the archive of a dataset, from 1. */
  readonly upload?: number;
}

/** Outcome of one file of an upload. */
export interface FileReport {
  /** Name inside the archive, or of the form's file. */
  readonly entry: string;
  readonly outcome: 'stored' | 'ignored' | 'refused';
  /** Name of the stored file. */
  readonly name?: string;
  readonly frames?: number;
  readonly code?: string;
  readonly reason?: string;
  readonly role?: MediaRole;
  /** The other file of the pair. */
  readonly pairedWith?: string;
  /** For masks, 0 to 1. */
  readonly holeShare?: number;
  readonly nonBinaryShare?: number;
  /** For masks: how the painted area was detected. */
  readonly maskReading?: MaskReading;
  readonly warnings?: readonly string[];
}

/** Accepted items of an upload, their billable units, and the outcome of each file. */
export interface Inspection {
  readonly items: readonly AcceptedItem[];
  readonly files: readonly FileReport[];
  /** Warnings for the owner about an archive as a whole. */
  readonly warnings?: readonly string[];
  readonly bills: readonly Bill[];
  /** For an archive of a dataset: what it was. */
  readonly dataset?: { readonly name: string; readonly tags: readonly string[] };
}

/** The report of an entry that is not extracted; null for entries that are. */
export function unusableReport({ name, unusable }: ArchiveEntry): FileReport | null {
  if (!unusable) return null;
  const { code, reason, addedByProgram } = unusable;
  return { entry: name, outcome: addedByProgram ? 'ignored' : 'refused', code, reason };
}

/** Size in bytes of what is extracted. */
export const unpackedBytes = ({ entries }: UploadArchive): number =>
  entries.reduce((sum, { bytes, unusable }) => (unusable ? sum : sum + bytes), 0);

/**
 * The last part of a name that is too long, since names usually differ at the end; never splits a character.
 */
export function storedName(name: string): string {
  return Array.from(canonicalText(name)).slice(-MAX_MEDIA_NAME_LENGTH).join('');
}

/** Kinds of errors caused by the server, not by the file. */
const SERVER_KINDS: ReadonlySet<ErrorKind> = new Set(['internal', 'unavailable', 'storage_full']);

/**
 * The report of an unusable file.
 * @throws errors that are not caused by the file
 */
export function refusedReport(entry: string, error: unknown): FileReport {
  if (!(error instanceof AppError) || SERVER_KINDS.has(error.kind)) throw error;
  // A file that is neither image nor video is ignored, not refused: archives also contain notes and other
  // documents.
  const foreign = error.kind === 'unsupported_type';
  return {
    entry,
    outcome: foreign ? 'ignored' : 'refused',
    code: foreign ? 'UNSUPPORTED_ENTRY' : error.code,
    reason: error.message,
  };
}

/** The error for an upload of several files of which none is usable; it lists every file with its reason. */
export function nothingUsable(code: ErrorCode, what: string, files: readonly FileReport[]): AppError {
  const first = files.find(({ outcome }) => outcome === 'refused') ?? files[0];
  const faults = new Set(files.flatMap((file) => (isConsequence(file) ? [] : [file.code ?? ''])));
  // A fault of the whole archive, such as a password, gets its own code instead of one per file.
  const common =
    faults.size === 1 ? [...faults].filter(isErrorCode).find((fault) => fault.startsWith('ZIP_')) : undefined;
  return new AppError(common ?? code, {
    message: `None of the ${files.length} files is ${what}. ${first.entry}: ${first.reason}`,
    issues: files.map(({ entry, code: fileCode, reason }) => ({
      pointer: code === 'NO_VALID_PAIRS' ? '/image' : '/content',
      message: `${entry}: ${reason}`,
      code: fileCode ?? 'REFUSED',
    })),
  });
}

/** Whether a file was rejected only because of its partner. */
const isConsequence = ({ outcome, code }: FileReport): boolean =>
  outcome === 'ignored' || code === 'UNPAIRED' || code === 'PARTNER_REFUSED';

/** Warnings shown to the owner of a file: how it was read, and for masks whether the hole is large. */
export function shownWarnings({ warnings, hole, width, height }: AcceptedFile): readonly string[] {
  return hole === null ? warnings : [...warnings, ...largeHoleWarnings({ ...hole, width, height })];
}

/** Warnings about all files of an upload, each with the name of its file. */
export function uploadWarnings({ items, warnings = [] }: Inspection): string[] {
  const files = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
  const ofFiles = files.flatMap((file) => shownWarnings(file).map((warning) => `${file.name}: ${warning}`));
  return [...warnings, ...ofFiles];
}
