import path from 'node:path';
import { AppError } from '../errors/app-error.js';

/** What a video really is, found out by a confined child. */
export interface VideoFacts {
  readonly container: string;
  readonly width: number;
  readonly height: number;
  readonly frameCount: number;
  readonly fps: { readonly num: number; readonly den: number };
  readonly durationSeconds: number;
}

/** A file inside an archive; its name is for showing only. */
export interface ArchiveEntry {
  readonly name: string;
  readonly bytes: number;
}

/** An open archive that has passed the rules for archives. */
export interface VideoArchive {
  readonly entries: readonly ArchiveEntry[];
  extract(
    entry: ArchiveEntry,
    targetPath: string,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: number; readonly sha256: string }>;
  close(): void;
}

/** Looks at uploaded files without trusting them. */
export interface MediaInspector {
  /** @throws AppError naming what is wrong with the file. */
  probeVideo(file: string, signal?: AbortSignal): Promise<VideoFacts>;
  /** @throws AppError UNSUPPORTED_TYPE or a `ZIP_…` code. */
  openArchive(file: string): Promise<VideoArchive>;
  /** @throws AppError of kind `storage_full` when so many bytes do not fit. */
  requireSpace(bytes: number): Promise<void>;
}

/** An uploaded file in its temp folder. */
export interface UploadedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A video that can be stored: its file, what it is and how it will be called. */
export interface AcceptedVideo {
  readonly name: string;
  readonly file: UploadedFile;
  readonly facts: VideoFacts;
}

/** What became of one entry of an archive. */
export interface FileReport {
  readonly entry: string;
  readonly outcome: 'stored' | 'ignored' | 'refused';
  /** Name of the stored video. */
  readonly name?: string;
  readonly frames?: number;
  readonly code?: string;
  readonly reason?: string;
}

/** All videos of an upload, and for an archive the fate of each of its entries. */
export interface Inspection {
  readonly videos: readonly AcceptedVideo[];
  readonly files: readonly FileReport[];
}

/** What an upload is made of before it is looked at. */
export interface UploadForm {
  readonly name: string;
  readonly type: 'video' | 'zip';
  readonly file: UploadedFile;
  readonly signal?: AbortSignal;
}

/** Entries that programs add to archives on their own. */
const NOISE = /(^|\/)(__MACOSX\/|\.|Thumbs\.db$|desktop\.ini$)/i;

/** Finds the videos of an upload. @throws AppError when there is not a single good one. */
export async function inspectUpload(inspector: MediaInspector, form: UploadForm): Promise<Inspection> {
  if (form.type === 'zip') return inspectArchive(inspector, form);
  const facts = await inspector.probeVideo(form.file.path, form.signal);
  return { videos: [{ name: form.name, file: form.file, facts }], files: [] };
}

async function inspectArchive(inspector: MediaInspector, form: UploadForm): Promise<Inspection> {
  const archive = await inspector.openArchive(form.file.path);
  try {
    await inspector.requireSpace(archive.entries.reduce((sum, { bytes }) => sum + bytes, 0));
    const videos: AcceptedVideo[] = [];
    const files: FileReport[] = [];
    for (const [index, entry] of archive.entries.entries()) {
      const name = `${form.name}-${videos.length + 1}`;
      const target = path.join(path.dirname(form.file.path), `entry-${index}`);
      const result = await inspectEntry({ inspector, archive, signal: form.signal }, entry, { name, target });
      if ('facts' in result) videos.push(result);
      files.push('facts' in result ? storedReport(entry, result) : result);
    }
    if (videos.length === 0) throw noVideos(files);
    return { videos, files };
  } finally {
    archive.close();
  }
}

interface ArchiveContext {
  readonly inspector: MediaInspector;
  readonly archive: VideoArchive;
  readonly signal?: AbortSignal;
}

/** Unpacks and probes one entry; a bad one is reported and does not stop the others. */
async function inspectEntry(
  { inspector, archive, signal }: ArchiveContext,
  entry: ArchiveEntry,
  { name, target }: { name: string; target: string },
): Promise<AcceptedVideo | FileReport> {
  if (NOISE.test(entry.name)) {
    return {
      entry: entry.name,
      outcome: 'ignored',
      code: 'UNSUPPORTED_ENTRY',
      reason: 'It is a hidden file.',
    };
  }
  const { bytes, sha256 } = await archive.extract(entry, target, signal);
  try {
    const facts = await inspector.probeVideo(target, signal);
    return { name, file: { path: target, bytes, sha256 }, facts };
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'internal' || error.kind === 'unavailable')
      throw error;
    return refusedReport(entry, error);
  }
}

function storedReport(entry: ArchiveEntry, { name, facts }: AcceptedVideo): FileReport {
  return { entry: entry.name, outcome: 'stored', name, frames: facts.frameCount };
}

function refusedReport(entry: ArchiveEntry, error: AppError): FileReport {
  // Anything that is no video at all is not the user's mistake: archives hold notes and pictures too.
  const foreign = error.kind === 'unsupported_type';
  return {
    entry: entry.name,
    outcome: foreign ? 'ignored' : 'refused',
    code: foreign ? 'UNSUPPORTED_ENTRY' : error.code,
    reason: error.message,
  };
}

function noVideos(files: readonly FileReport[]): AppError {
  const first = files.find(({ outcome }) => outcome === 'refused') ?? files[0];
  return new AppError({
    code: 'NO_VALID_VIDEOS',
    kind: 'invalid',
    message: `None of the ${files.length} files in the ZIP is a usable video. ${first.entry}: ${first.reason}`,
    issues: files.map(({ entry, code, reason }) => ({
      pointer: '/content',
      message: `${entry}: ${reason}`,
      code: code ?? 'REFUSED',
    })),
  });
}
