import path from 'node:path';
import {
  acceptedVideo,
  noiseReport,
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

/** One video, or an archive of several, without masks. */
export interface VideoForm {
  readonly name: string;
  readonly type: 'video' | 'zip';
  readonly file: UploadedFile;
}

/** Finds the videos of an upload. @throws AppError when there is not a single good one. */
export async function inspectVideos(
  inspector: MediaInspector,
  form: VideoForm,
  signal?: AbortSignal,
): Promise<Inspection> {
  if (form.type === 'zip') return inspectArchive(inspector, form, signal);
  const facts = await inspector.probeVideo(form.file.path, signal);
  return inspectionOf([acceptedVideo(form.name, form.file, facts)], []);
}

/** Every counted frame is billed. */
function inspectionOf(videos: readonly AcceptedFile[], files: readonly FileReport[]): Inspection {
  return {
    items: videos.map((source) => ({ source })),
    files,
    preset: 'infernode',
    units: { 'upload.video_frame': videos.reduce((sum, { frameCount }) => sum + frameCount, 0) },
  };
}

async function inspectArchive(
  inspector: MediaInspector,
  form: VideoForm,
  signal?: AbortSignal,
): Promise<Inspection> {
  const archive = await inspector.openArchive(form.file.path);
  try {
    await inspector.requireSpace(archive.entries.reduce((sum, { bytes }) => sum + bytes, 0));
    const videos: AcceptedFile[] = [];
    const files: FileReport[] = [];
    for (const [index, entry] of archive.entries.entries()) {
      const name = `${form.name}-${videos.length + 1}`;
      const target = path.join(path.dirname(form.file.path), `entry-${index}`);
      const result = await inspectEntry({ inspector, archive, signal }, entry, { name, target });
      if ('file' in result) videos.push(result);
      files.push('file' in result ? storedReport(entry, result) : result);
    }
    if (videos.length === 0) throw nothingUsable('NO_VALID_VIDEOS', 'a usable video', files);
    return inspectionOf(videos, files);
  } finally {
    archive.close();
  }
}

interface ArchiveContext {
  readonly inspector: MediaInspector;
  readonly archive: UploadArchive;
  readonly signal?: AbortSignal;
}

/** Unpacks and probes one entry; a bad one is reported and does not stop the others. */
async function inspectEntry(
  { inspector, archive, signal }: ArchiveContext,
  entry: ArchiveEntry,
  { name, target }: { name: string; target: string },
): Promise<AcceptedFile | FileReport> {
  const noise = noiseReport(entry);
  if (noise) return noise;
  const { bytes, sha256 } = await archive.extract(entry, target, signal);
  try {
    const facts = await inspector.probeVideo(target, signal);
    return acceptedVideo(name, { path: target, bytes, sha256 }, facts);
  } catch (error) {
    return refusedReport(entry.name, error);
  }
}

function storedReport(entry: ArchiveEntry, { name, frameCount }: AcceptedFile): FileReport {
  return { entry: entry.name, outcome: 'stored', name, frames: frameCount };
}
