import path from 'node:path';
import { countSampledFrames, DEFAULT_SAMPLE_FPS, type MediaRole } from '../domain/dataset.js';
import type { BillableUnits } from '../domain/money.js';
import { AppError } from '../errors/app-error.js';
import {
  acceptedImage,
  acceptedVideo,
  storedName,
  unpackedBytes,
  unusableReport,
  nothingUsable,
  refusedReport,
  type AcceptedFile,
  type AcceptedItem,
  type FileReport,
  type Inspection,
  type KnownVideo,
  type MediaInspector,
  type UploadArchive,
  type UploadedFile,
} from './upload-inspection.js';
import { partnerRefused, reportsOf, unpaired } from './upload-pair-reports.js';
import { requireFittingMask, requireHole, sameFile, warningsOfMask } from './upload-pair-rules.js';
import { pairNames, type NamePair } from './upload-pairing.js';

/** An uploaded file with the name that the client gave it. */
export interface NamedFile extends UploadedFile {
  readonly name: string;
}

/** An image or video with its mask, or an archive of such pairs in place of the image. */
export interface PairForm {
  readonly image: NamedFile;
  /** Ignored when the image is an archive. */
  readonly mask?: NamedFile;
  /** Whether to reject masks that are not purely black and white. */
  readonly strict: boolean;
  /** Frames per second at which a video is sampled and charged. */
  readonly fps?: number;
}

interface PairContext extends Pick<PairForm, 'strict' | 'fps'> {
  readonly inspector: MediaInspector;
  readonly signal?: AbortSignal;
}

/** Finds the pairs of an upload. @throws AppError when no pair is usable. */
export async function inspectPairs(
  inspector: MediaInspector,
  form: PairForm,
  signal?: AbortSignal,
): Promise<Inspection> {
  const context: PairContext = { inspector, signal, strict: form.strict, fps: form.fps };
  if ((await inspector.kindOf(form.image.path)) === 'zip') return inspectArchive(context, form.image);
  if (form.mask === undefined) throw maskMissing();
  const item = await inspectPair(context, { image: form.image, mask: form.mask });
  return {
    items: [item],
    files: reportsOf(item, { source: item.source.name, mask: item.mask?.name ?? '' }),
    preset: 'inpainting',
    units: unitsOf([item], 'upload.image'),
  };
}

/** Images are priced individually, videos per sampled frame; masks are free. */
function unitsOf(
  items: readonly AcceptedItem[],
  unitOfImages: 'upload.image' | 'upload.zip_file',
): BillableUnits {
  const videos = items.filter(({ source }) => source.kind === 'video');
  return {
    [unitOfImages]: items.length - videos.length,
    'upload.video_frame': videos.reduce(
      (sum, { source, sampleFps = DEFAULT_SAMPLE_FPS }) => sum + countSampledFrames(source, sampleFps),
      0,
    ),
  };
}

async function inspectFile(
  { inspector, signal }: PairContext,
  { name, ...file }: NamedFile,
  { role, source }: { readonly role: MediaRole; readonly source?: AcceptedFile },
): Promise<AcceptedFile> {
  const shown = storedName(name);
  const kind = await inspector.kindOf(file.path);
  if (kind === 'video')
    return acceptedVideo(shown, file, { ...(await inspector.probeVideo(file.path, signal)), role });
  if (kind === 'zip') throw unsupported('A ZIP cannot be an image or a mask.');
  const sourcePath = source?.kind === 'image' ? source.file.path : undefined;
  const sourceVideo = source?.kind === 'video' ? knownVideo(source) : undefined;
  const options = { role, sourcePath, sourceVideo, signal };
  return acceptedImage(shown, await inspector.importImage(file.path, options));
}

const knownVideo = ({ file: { path: file }, frameCount, frameSource }: AcceptedFile): KnownVideo => ({
  path: file,
  frameCount,
  frameSource,
});

/** Hole share and reading of a mask; for a video, determined once for all frames. */
async function holeOf(
  { inspector, signal }: PairContext,
  source: AcceptedFile,
  mask: AcceptedFile,
): Promise<AcceptedFile['hole']> {
  if (mask.kind === 'image') return mask.hole;
  return inspector.readMaskVideo(knownVideo(mask), knownVideo(source), signal);
}

/**
 * Inspects both files and checks that they fit together. `onInspect` is called with each file before it is
 * inspected, so that the caller knows which one an error concerns.
 */
async function inspectPair(
  context: PairContext,
  { image, mask }: { readonly image: NamedFile; readonly mask: NamedFile },
  onInspect: (file: NamedFile) => void = () => undefined,
): Promise<AcceptedItem> {
  onInspect(image);
  const source = await inspectFile(context, image, { role: 'source' });
  onInspect(mask);
  const file = await inspectFile(context, mask, { role: 'mask', source });
  requireFittingMask(source, file);
  if (source.file.sha256 === file.file.sha256) throw sameFile(file);
  const accepted = { ...file, hole: await holeOf(context, source, file) };
  requireHole(accepted, context.strict);
  const warnings = [...accepted.warnings, ...warningsOfMask(source, accepted)];
  return {
    source,
    mask: { ...accepted, warnings },
    sampleFps: source.kind === 'video' ? context.fps : undefined,
  };
}

function unsupported(message: string): AppError {
  return new AppError('UNSUPPORTED_TYPE', { message });
}

function maskMissing(): AppError {
  const message = 'mask: an image or video needs its mask.';
  return new AppError('VALIDATION', {
    message,
    issues: [{ pointer: '/mask', message: 'the file is missing', code: 'REQUIRED' }],
  });
}

async function inspectArchive(context: PairContext, file: NamedFile): Promise<Inspection> {
  const archive = await context.inspector.openArchive(file.path);
  try {
    await context.inspector.requireSpace(unpackedBytes(archive));
    const { usable, files } = await unpack(context, archive, path.dirname(file.path));
    // Unusable files take part in pairing; otherwise their partners would be paired with other files.
    const named = archive.entries.filter(({ unusable }) => !unusable?.addedByProgram);
    const names = [...new Set(named.map(({ name }) => name))];
    const { pairs, alone } = pairNames(names, { isUsable: (name) => usable.has(name) });
    const left = alone.filter(({ name }) => usable.has(name));
    files.push(...left.map(({ name, reason }) => unpaired(name, reason)));
    const items: AcceptedItem[] = [];
    for (const pair of pairs) {
      const result = await tryPair(context, pair, usable);
      if ('item' in result) items.push(result.item);
      files.push(...result.files);
    }
    const order = new Map(archive.entries.map(({ name }, index) => [name, index]));
    files.sort((one, other) => (order.get(one.entry) ?? 0) - (order.get(other.entry) ?? 0));
    if (items.length === 0) throw nothingUsable('NO_VALID_PAIRS', 'part of a usable pair', files);
    const units = unitsOf(items, 'upload.zip_file');
    return { items, files, warnings: archive.warnings, preset: 'inpainting', units };
  } finally {
    archive.close();
  }
}

/** Extracts images and videos; reports everything else. */
async function unpack(
  { inspector, signal }: PairContext,
  archive: UploadArchive,
  folder: string,
): Promise<{ usable: Map<string, NamedFile>; files: FileReport[] }> {
  const usable = new Map<string, NamedFile>();
  const files: FileReport[] = [];
  for (const [index, entry] of archive.entries.entries()) {
    const unusable = unusableReport(entry);
    if (unusable) {
      files.push(unusable);
      continue;
    }
    const target = path.join(folder, `entry-${index}`);
    try {
      const extracted = await archive.extract(entry, target, signal);
      const kind = await inspector.kindOf(target);
      if (kind === 'zip') throw unsupported('A ZIP inside a ZIP is not opened.');
      usable.set(entry.name, { name: entry.name, path: target, ...extracted });
    } catch (error) {
      files.push(refusedReport(entry.name, error));
    }
  }
  return { usable, files };
}

/** Inspects one pair. Errors are reported per file and do not stop the other pairs. */
async function tryPair(
  context: PairContext,
  pair: NamePair,
  usable: ReadonlyMap<string, NamedFile>,
): Promise<{ item: AcceptedItem; files: FileReport[] } | { files: FileReport[] }> {
  const [image, mask] = [usable.get(pair.source), usable.get(pair.mask)];
  if (!image || !mask) {
    const left = image ?? mask;
    return { files: left ? [partnerRefused(left.name, left === image ? pair.mask : pair.source)] : [] };
  }
  let inspected = pair.source;
  try {
    const item = await inspectPair(context, { image, mask }, ({ name }) => (inspected = name));
    return { item, files: reportsOf(item, pair) };
  } catch (error) {
    const partner = inspected === pair.source ? pair.mask : pair.source;
    return { files: [refusedReport(inspected, error), partnerRefused(partner, inspected)] };
  }
}
