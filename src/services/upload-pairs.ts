import path from 'node:path';
import { countSampledFrames, DEFAULT_SAMPLE_FPS, type MediaRole } from '../domain/dataset.js';
import type { BillableUnits } from '../domain/money.js';
import { AppError } from '../errors/app-error.js';
import { acceptedImage, acceptedVideo } from './accepted-file.js';
import {
  storedName,
  unpackedBytes,
  unusableReport,
  nothingUsable,
  refusedReport,
  type AcceptedFile,
  type AcceptedItem,
  type FileReport,
  type Inspection,
  type MediaInspector,
  type UploadArchive,
} from './upload-inspection.js';
import { maskRefused, partnerRefused, reportsOf, unpaired } from './upload-pair-reports.js';
import { entryOf, isShared, MaskReader, sharedMask, type GivenMask, type NamedFile } from './upload-masks.js';
import { requireFittingMask, requireHole, sameFile, warningsOfMask } from './upload-pair-rules.js';
import { isMaskEntry, pairNames, type NamePair } from './upload-pairing.js';

/** Images and videos with one mask for all of them, or an archive of pairs in place of the images. */
export interface PairForm {
  /** At least one; an archive only alone. */
  readonly images: readonly NamedFile[];
  /** In an archive, for the images and videos without a mask of their own. */
  readonly mask?: GivenMask;
  /** Whether mask images of another size are scaled. */
  readonly fits?: boolean;
  /** Whether to reject masks that are not purely black and white. */
  readonly strict: boolean;
  /** Frames per second at which a video is sampled and charged. */
  readonly fps?: number;
}

/** How pairs are inspected. */
export interface PairContext extends Pick<PairForm, 'strict' | 'fps'> {
  readonly inspector: MediaInspector;
  readonly masks: MaskReader;
  readonly signal?: AbortSignal;
}

/** Finds the pairs of an upload. @throws AppError when no pair is usable. */
export async function inspectPairs(
  inspector: MediaInspector,
  form: PairForm,
  signal?: AbortSignal,
): Promise<Inspection> {
  const { images, mask, fits = false, strict, fps } = form;
  const masks = new MaskReader({ inspector, signal, fits });
  const context: PairContext = { inspector, masks, signal, strict, fps };
  const [first] = images;
  if (images.length === 1 && (await inspector.kindOf(first.path)) === 'zip')
    return inspectArchive(context, first, mask);
  if (mask === undefined) throw maskMissing();
  if (images.length > 1) return inspectImages(context, images, mask);
  const item = await inspectPair(context, { image: first, mask });
  return {
    items: [item],
    files: reportsOf(item, { source: item.source.name, mask: item.mask?.name ?? '' }),
    bills: [{ preset: 'inpainting', units: pairUnits([item], 'upload.image') }],
  };
}

/** Several images with one mask. Unusable ones are reported and do not stop the others. */
async function inspectImages(
  context: PairContext,
  images: readonly NamedFile[],
  mask: GivenMask,
): Promise<Inspection> {
  await context.masks.requireShareable(mask);
  const shared = sharedMask(mask);
  const items: AcceptedItem[] = [];
  const files: FileReport[] = [];
  for (const image of images) {
    const result = await tryPair(context, { image, mask: shared });
    if ('item' in result) items.push(result.item);
    files.push(...result.files);
  }
  if (items.length === 0) throw nothingUsable('NO_VALID_PAIRS', 'usable with the mask', files);
  return { items, files, bills: [{ preset: 'inpainting', units: pairUnits(items, 'upload.image') }] };
}

/** Images are priced individually, videos per sampled frame; masks are free. */
export function pairUnits(
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

/** Inspects an image or video that may get a mask. @throws AppError describing what is wrong with it */
export async function inspectSource(
  { inspector, signal }: PairContext,
  { name, ...file }: NamedFile,
): Promise<AcceptedFile> {
  const shown = storedName(name);
  const kind = await inspector.kindOf(file.path);
  if (kind === 'video') return acceptedVideo(shown, file, await inspector.probeVideo(file.path, signal));
  if (kind === 'zip') throw unsupported('A ZIP must be the only file of the field image.');
  return acceptedImage(shown, await inspector.importImage(file.path, { role: 'source', signal }));
}

/** A source with the mask that it gets. */
interface Pair {
  readonly image: NamedFile;
  readonly mask: GivenMask;
}

/**
 * Inspects both files and checks that they fit together. `onInspect` is called with the role of each file before it is
 * inspected, so that the caller knows which one an error concerns.
 */
export async function inspectPair(
  context: PairContext,
  { image, mask }: Pair,
  onInspect: (role: MediaRole) => void = () => undefined,
): Promise<AcceptedItem> {
  onInspect('source');
  const source = await inspectSource(context, image);
  onInspect('mask');
  const file = await context.masks.read(mask, { source, original: image });
  requireFittingMask(source, file);
  if (source.file.sha256 === file.file.sha256) throw sameFile(file);
  const accepted = { ...file, hole: await context.masks.holeOf(source, file) };
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

async function inspectArchive(
  context: PairContext,
  file: NamedFile,
  mask: GivenMask | undefined,
): Promise<Inspection> {
  const archive = await context.inspector.openArchive(file.path);
  try {
    await context.inspector.requireSpace(unpackedBytes(archive));
    const { usable, files } = await unpack(context, archive, path.dirname(file.path));
    // Unusable files take part in pairing; otherwise their partners would be paired with other files.
    const named = archive.entries.filter(({ unusable }) => !unusable?.addedByProgram);
    const names = [...new Set(named.map(({ name }) => name))];
    const { pairs, alone } = pairNames(names, { isUsable: (name) => usable.has(name) });
    const left = alone.filter(({ name }) => usable.has(name));
    const sources = left.filter(({ name }) => !isMaskEntry(name));
    const shared = sources.length > 0 ? await maskOfArchive(context, mask) : {};
    const masked = new Set(shared.mask ? sources.map(({ name }) => name) : []);
    const unpairedFiles = left.filter(({ name }) => !masked.has(name));
    files.push(...unpairedFiles.map(({ name, reason }) => unpaired(name, reason)));
    const order = new Map(archive.entries.map(({ name }, index) => [name, index]));
    const placeOf = (name: string): number => order.get(name) ?? archive.entries.length;
    const attempts = [
      ...pairs.map((pair) => ({ at: pair.source, run: () => tryNames(context, pair, usable) })),
      ...[...masked].map((name) => ({
        at: name,
        run: () => tryShared(context, usable.get(name), shared.mask),
      })),
    ].sort((one, other) => placeOf(one.at) - placeOf(other.at));
    const items: AcceptedItem[] = [];
    for (const { run } of attempts) {
      const result = await run();
      if ('item' in result) items.push(result.item);
      files.push(...result.files);
    }
    files.sort((one, other) => placeOf(one.entry) - placeOf(other.entry));
    if (items.length === 0) throw nothingUsable('NO_VALID_PAIRS', 'part of a usable pair', files);
    const bills = [{ preset: 'inpainting', units: pairUnits(items, 'upload.zip_file') }];
    const warnings = [...(archive.warnings ?? []), ...(shared.warnings ?? [])];
    return { items, files, warnings, bills };
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

const PLACEHOLDER: ReadonlySet<string> = new Set(['UNSUPPORTED_TYPE', 'EMPTY_FILE']);

/**
 * The mask for the sources of an archive without one of their own. Clients that send a placeholder with every archive
 * get a warning, not an error.
 */
async function maskOfArchive(
  { masks }: PairContext,
  mask: GivenMask | undefined,
): Promise<{ readonly mask?: GivenMask; readonly warnings?: readonly string[] }> {
  if (mask === undefined) return {};
  try {
    await masks.requireShareable(mask);
    return { mask: sharedMask(mask) };
  } catch (error) {
    const isPlaceholder = error instanceof AppError && PLACEHOLDER.has(error.code);
    if (!isPlaceholder) throw error;
    return { warnings: [`The mask "${entryOf(mask)}" is neither an image nor a video and was not used.`] };
  }
}

type PairResult =
  { readonly item: AcceptedItem; readonly files: FileReport[] } | { readonly files: FileReport[] };

/** Inspects a pair of an archive. */
async function tryNames(
  context: PairContext,
  pair: NamePair,
  usable: ReadonlyMap<string, NamedFile>,
): Promise<PairResult> {
  const [image, mask] = [usable.get(pair.source), usable.get(pair.mask)];
  if (image && mask) return tryPair(context, { image, mask: { kind: 'file', file: mask } });
  const left = image ?? mask;
  return { files: left ? [partnerRefused(left.name, left === image ? pair.mask : pair.source)] : [] };
}

/** Inspects a file of an archive with the mask of the form. */
async function tryShared(
  context: PairContext,
  image: NamedFile | undefined,
  mask: GivenMask | undefined,
): Promise<PairResult> {
  return image && mask ? tryPair(context, { image, mask }) : { files: [] };
}

/** Inspects one pair. Errors are reported per file and do not stop the other pairs. */
async function tryPair(context: PairContext, { image, mask }: Pair): Promise<PairResult> {
  const maskName = entryOf(mask);
  let inspected = 'source' as MediaRole;
  try {
    const item = await inspectPair(context, { image, mask }, (role) => (inspected = role));
    return { item, files: reportsOf(item, { source: image.name, mask: maskName }) };
  } catch (error) {
    // A mask for all images is not a file of this one: its error is that of the image.
    if (inspected === 'mask' && isShared(mask)) return { files: [maskRefused(image.name, maskName, error)] };
    const [failed, partner] = inspected === 'source' ? [image.name, maskName] : [maskName, image.name];
    const consequence = isShared(mask) ? [] : [partnerRefused(partner, failed)];
    return { files: [refusedReport(failed, error), ...consequence] };
  }
}
