import { canonicalText } from '../domain/canonical-text.js';
import type { FrameSource, MaskFacts, MaskReading, MediaKind, MediaRole } from '../domain/dataset.js';
import { largeHoleWarnings } from '../domain/large-hole.js';
import type { BillableUnits, PricePresetName } from '../domain/money.js';
import { AppError } from '../errors/app-error.js';
import { isErrorCode, type ErrorCode } from '../errors/codes.js';
import type { IssueCode } from '../errors/codes/issues.js';
import type { ErrorKind } from '../errors/error-kind.js';

/** What a video really is, found out by a confined child. */
export interface VideoFacts {
  readonly container: string;
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  readonly frameSource: FrameSource;
  readonly fps: { readonly num: number; readonly den: number };
  readonly durationSeconds: number;
  /** Whether its frames have transparency. */
  readonly hasAlpha?: boolean;
  /** Video streams of the file, of which the first one is used. */
  readonly videoStreams?: number;
}

/** A video that was accepted before, so that it is not decoded again. */
export type KnownVideo = Pick<VideoFacts, 'frameCount' | 'frameSource'> & { readonly path: string };

/** An image that was decoded and written again without anything that it does not show. */
export interface TakenImage extends UploadedFile {
  readonly width: number;
  readonly height: number;
  /** For masks: how much is hole, how much was neither black nor white, and how it was read. */
  readonly hole: MaskFacts | null;
  readonly warnings: readonly string[];
}

/** A file inside an archive; its name is for showing only. */
export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: number;
  /** Why it cannot be unpacked, if so. */
  readonly unusable?: {
    readonly code: ErrorCode | IssueCode;
    readonly reason: string;
    readonly addedByProgram: boolean;
  };
}

/** An open archive that has passed the rules for archives. */
export interface UploadArchive {
  readonly entries: readonly ArchiveEntry[];
  /** What its owner should know of the archive as a whole. */
  readonly warnings?: readonly string[];
  extract(
    entry: ArchiveEntry,
    targetPath: string,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly sha256: string }>;
  close(): void;
}

/** How an image is to be taken in. */
interface ImageOptions {
  readonly role: MediaRole;
  /** Of a mask: the file of its source as it was taken in. */
  readonly sourcePath?: string;
  /** Of a mask: the video that it belongs to. */
  readonly sourceVideo?: KnownVideo;
  readonly signal?: AbortSignal;
}

/** Looks at uploaded files without trusting them. */
export interface MediaInspector {
  /** Kind of a file by its content. @throws AppError UNSUPPORTED_TYPE, EMPTY_FILE. */
  kindOf(file: string): Promise<MediaKind | 'zip'>;
  /** @throws AppError naming what is wrong with the file. */
  probeVideo(file: string, signal?: AbortSignal): Promise<VideoFacts>;
  /** How a mask video is read. @throws AppError MASK_UNCLEAR. */
  readMaskVideo(mask: KnownVideo, source: KnownVideo, signal?: AbortSignal): Promise<MaskFacts>;
  /** Writes a displayable copy of an image next to it. @throws AppError naming what is wrong with the file. */
  takeImage(file: string, options: ImageOptions): Promise<TakenImage>;
  /** @throws AppError UNSUPPORTED_TYPE or a `ZIP_…` code. */
  openArchive(file: string): Promise<UploadArchive>;
  /** @throws AppError of kind `storage_full` when so many bytes do not fit. */
  requireSpace(bytes: number): Promise<void>;
}

/** A file in a temp folder. */
export interface UploadedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file that can be stored: what it is and how it will be called. */
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
}

/** What became of one file of an upload. */
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
  /** Of a mask, 0 to 1. */
  readonly holeShare?: number;
  readonly nonBinaryShare?: number;
  /** How the paint of a mask was detected. */
  readonly maskReading?: MaskReading;
  readonly warnings?: readonly string[];
}

/** All items of an upload, what they cost, and the fate of each file. */
export interface Inspection {
  readonly items: readonly AcceptedItem[];
  readonly files: readonly FileReport[];
  /** What the owner should know of an archive as a whole. */
  readonly warnings?: readonly string[];
  readonly preset: PricePresetName;
  readonly units: BillableUnits;
}

/** The report of an entry that is not unpacked at all; null for all others. */
export function unusableReport({ name, unusable }: ArchiveEntry): FileReport | null {
  if (!unusable) return null;
  const { code, reason, addedByProgram } = unusable;
  return { entry: name, outcome: addedByProgram ? 'ignored' : 'refused', code, reason };
}

/** Bytes of all entries that are unpacked. */
export const unpackedBytes = ({ entries }: UploadArchive): number =>
  entries.reduce((sum, { bytes, unusable }) => (unusable ? sum : sum + bytes), 0);

/** The end of a long name, which distinguishes files; never half a character. */
export function storedName(name: string): string {
  return Array.from(canonicalText(name)).slice(-LONGEST_NAME).join('');
}

const LONGEST_NAME = 255;

/** What says something about the server and nothing about the file. */
const SERVER_KINDS: ReadonlySet<ErrorKind> = new Set(['internal', 'unavailable', 'storage_full']);

/**
 * The report of a file that cannot be used.
 * @throws whatever says nothing about the file
 */
export function refusedReport(entry: string, error: unknown): FileReport {
  if (!(error instanceof AppError) || SERVER_KINDS.has(error.kind)) throw error;
  // What is no medium at all is not the user's mistake: archives hold notes and documents too.
  const foreign = error.kind === 'unsupported_type';
  return {
    entry,
    outcome: foreign ? 'ignored' : 'refused',
    code: foreign ? 'UNSUPPORTED_ENTRY' : error.code,
    reason: error.message,
  };
}

/** The error of an archive in which nothing is usable; it names every file with its reason. */
export function nothingUsable(code: ErrorCode, what: string, files: readonly FileReport[]): AppError {
  const first = files.find(({ outcome }) => outcome === 'refused') ?? files[0];
  const faults = new Set(files.flatMap((file) => (isConsequence(file) ? [] : [file.code ?? ''])));
  // An archive with a password, say, is one fault and not as many as it has files.
  const common =
    faults.size === 1 ? [...faults].filter(isErrorCode).find((fault) => fault.startsWith('ZIP_')) : undefined;
  return new AppError(common ?? code, {
    message: `None of the ${files.length} files in the ZIP is ${what}. ${first.entry}: ${first.reason}`,
    issues: files.map(({ entry, code: fileCode, reason }) => ({
      pointer: '/content',
      message: `${entry}: ${reason}`,
      code: fileCode ?? 'REFUSED',
    })),
  });
}

/** Whether a file was left out only because of another one. */
const isConsequence = ({ outcome, code }: FileReport): boolean =>
  outcome === 'ignored' || code === 'UNPAIRED' || code === 'PARTNER_REFUSED';

/** What its user should know of a file: how it was read, and of a mask whether its hole is large. */
export function shownWarnings({ warnings, hole, width, height }: AcceptedFile): readonly string[] {
  return hole === null ? warnings : [...warnings, ...largeHoleWarnings({ ...hole, width, height })];
}

/** What the owner should know of all files of an upload, each sentence with the name of its file. */
export function uploadWarnings({ items, warnings = [] }: Inspection): string[] {
  const files = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
  const ofFiles = files.flatMap((file) => shownWarnings(file).map((warning) => `${file.name}: ${warning}`));
  return [...warnings, ...ofFiles];
}

/** How a video is used where that may be unexpected. */
function warningsOfVideo({ hasAlpha, videoStreams = 1 }: VideoFacts, role: MediaRole): string[] {
  const several = `The file has ${videoStreams} video streams; the first one is used.`;
  const alpha = 'The video has transparency, which is left out.';
  return [...(videoStreams > 1 ? [several] : []), ...(hasAlpha && role === 'source' ? [alpha] : [])];
}

/** A probed video as a file that can be stored. */
export function acceptedVideo(
  name: string,
  file: UploadedFile,
  facts: VideoFacts & { readonly role?: MediaRole },
): AcceptedFile {
  const { container, width, height, frameCount, frameSource, fps, durationSeconds, role = 'source' } = facts;
  return {
    name,
    kind: 'video',
    file,
    container,
    width,
    height,
    frameCount,
    frameSource,
    fps,
    durationSeconds,
    hole: null,
    warnings: warningsOfVideo(facts, role),
  };
}

/** An image under the name that it will have. */
export function acceptedImage(
  name: string,
  { width, height, hole, warnings, ...file }: TakenImage,
): AcceptedFile {
  return {
    name,
    kind: 'image',
    file,
    container: 'png',
    width,
    height,
    frameCount: 1,
    frameSource: null,
    fps: null,
    durationSeconds: null,
    hole,
    warnings,
  };
}
