import path from 'node:path';
import type { BillableUnits } from '../domain/money.js';
import { AppError } from '../errors/app-error.js';
import type { ErrorCode } from '../errors/codes.js';
import { acceptedImage, acceptedVideo } from './accepted-file.js';
import {
  storedName,
  unpackedBytes,
  unusableReport,
  nothingUsable,
  refusedReport,
  type AcceptedFile,
  type ArchiveEntry,
  type FileReport,
  type Inspection,
  type MediaInspector,
  type UploadArchive,
  type UploadedFile,
} from './upload-inspection.js';

/** A single file, or an archive of several. */
export interface SingleForm {
  readonly name: string;
  readonly isArchive: boolean;
  readonly file: UploadedFile;
}

/** A kind of upload without masks: how its files are inspected, counted and named. */
interface SingleMedia {
  /** @throws AppError describing what is wrong with the file */
  look(inspector: MediaInspector, file: NamedUpload, signal?: AbortSignal): Promise<AcceptedFile>;
  units(found: readonly AcceptedFile[]): BillableUnits;
  /** Name of an archive's entry; `number` counts its accepted files from 1. */
  nameOf(form: SingleForm, entry: ArchiveEntry, number: number): string;
  readonly none: readonly [code: ErrorCode, what: string];
}

interface NamedUpload extends UploadedFile {
  readonly name: string;
}

/** Billed units of videos without masks: every frame. */
export const videoUnits = (found: readonly AcceptedFile[]): BillableUnits => ({
  'upload.video_frame': found.reduce((sum, { frameCount }) => sum + frameCount, 0),
});

/** Billed units of images without masks. */
export const imageUnits = (found: readonly AcceptedFile[]): BillableUnits => ({
  'upload.image': found.length,
});

/** Videos; every frame is charged. */
const VIDEOS: SingleMedia = {
  look: async (inspector, { name, ...file }, signal) =>
    acceptedVideo(name, file, await inspector.probeVideo(file.path, signal)),
  units: videoUnits,
  nameOf: ({ name }, _entry, number) => `${name}-${String(number)}`,
  none: ['NO_VALID_VIDEOS', 'a usable video'],
};

/** Images; those of an archive keep their names, which identify them in results. */
const IMAGES: SingleMedia = {
  look: async (inspector, { name, path: file }, signal) =>
    acceptedImage(name, await inspector.importImage(file, { role: 'source', signal })),
  units: imageUnits,
  nameOf: (_form, entry) => storedName(entry.name),
  none: ['NO_VALID_IMAGES', 'a usable image'],
};

/** Inspects the videos of an upload. @throws AppError when none is usable. */
export const inspectVideos = (
  inspector: MediaInspector,
  form: SingleForm,
  signal?: AbortSignal,
): Promise<Inspection> => inspect({ media: VIDEOS, inspector, signal }, form);

/** Inspects the images of an upload. @throws AppError when none is usable. */
export const inspectImages = (
  inspector: MediaInspector,
  form: SingleForm,
  signal?: AbortSignal,
): Promise<Inspection> => inspect({ media: IMAGES, inspector, signal }, form);

interface Context {
  readonly media: SingleMedia;
  readonly inspector: MediaInspector;
  readonly signal?: AbortSignal;
}

async function inspect(context: Context, form: SingleForm): Promise<Inspection> {
  if (form.isArchive) return inspectArchive(context, form);
  const { media, inspector, signal } = context;
  // The form states the type of each file, but an archive is recognised by its content.
  if ((await inspector.kindOf(form.file.path).catch(() => null)) === 'zip')
    throw new AppError('UNSUPPORTED_TYPE', {
      message: 'The file is a ZIP archive; send it with type=zip.',
      issues: [{ pointer: '/type', message: 'must be "zip" for a ZIP', code: 'UNSUPPORTED_TYPE' }],
    });
  return inspectionOf(media, [await media.look(inspector, { ...form.file, name: form.name }, signal)], []);
}

const inspectionOf = (
  { units }: SingleMedia,
  found: readonly AcceptedFile[],
  files: readonly FileReport[],
): Inspection => ({
  items: found.map((source) => ({ source })),
  files,
  bills: [{ preset: 'infernode', units: units(found) }],
});

async function inspectArchive(context: Context, form: SingleForm): Promise<Inspection> {
  const { media, inspector } = context;
  const archive = await inspector.openArchive(form.file.path);
  try {
    await inspector.requireSpace(unpackedBytes(archive));
    const found: AcceptedFile[] = [];
    const files: FileReport[] = [];
    for (const [index, entry] of archive.entries.entries()) {
      const name = media.nameOf(form, entry, found.length + 1);
      const target = path.join(path.dirname(form.file.path), `entry-${String(index)}`);
      const result = await inspectEntry({ ...context, archive }, entry, { name, target });
      if ('file' in result) found.push(result);
      files.push('file' in result ? storedReport(entry, result) : result);
    }
    if (found.length === 0) throw nothingUsable(...media.none, files);
    return { ...inspectionOf(media, found, files), warnings: archive.warnings };
  } finally {
    archive.close();
  }
}

/** Extracts and inspects one entry; an unusable one is reported and does not stop the others. */
async function inspectEntry(
  { media, inspector, archive, signal }: Context & { readonly archive: UploadArchive },
  entry: ArchiveEntry,
  { name, target }: { name: string; target: string },
): Promise<AcceptedFile | FileReport> {
  const unusable = unusableReport(entry);
  if (unusable) return unusable;
  try {
    const { bytes, sha256 } = await archive.extract(entry, target, signal);
    return await media.look(inspector, { name, path: target, bytes, sha256 }, signal);
  } catch (error) {
    return refusedReport(entry.name, error);
  }
}

function storedReport(entry: ArchiveEntry, { name, frameCount, warnings }: AcceptedFile): FileReport {
  return {
    entry: entry.name,
    outcome: 'stored',
    name,
    frames: frameCount,
    ...(warnings.length > 0 && { warnings }),
  };
}
