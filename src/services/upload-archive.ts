import { rm } from 'node:fs/promises';
import path from 'node:path';
import { MANIFEST_NAME, MAX_MANIFEST_BYTES } from '../domain/dataset-archive.js';
import { AppError } from '../errors/app-error.js';
import { isErrorCode } from '../errors/codes.js';
import {
  invalidManifest,
  readManifest,
  type Manifest,
  type ManifestFile,
  type ManifestItem,
} from './archive-manifest.js';
import {
  unpackedBytes,
  type AcceptedFile,
  type AcceptedItem,
  type ArchiveEntry,
  type Inspection,
  type MediaInspector,
  type UploadArchive,
  type UploadedFile,
} from './upload-inspection.js';
import { MaskReader, type NamedFile } from './upload-masks.js';
import { inspectPair, inspectSource, pairUnits, type PairContext } from './upload-pairs.js';
import { imageUnits, videoUnits } from './upload-single.js';
import type { Bill } from './pricing.service.js';

/** The archive of a dataset. */
export interface ArchiveForm {
  readonly file: UploadedFile;
  /** Name of the new dataset; that of the archive by default. */
  readonly name?: string;
  /** Refuses a name early, before the files are inspected. */
  readonly requireName?: (name: string) => Promise<void>;
}

/** An open archive in whose folder its files are inspected. */
interface OpenArchive {
  readonly archive: UploadArchive;
  readonly entries: ReadonlyMap<string, ArchiveEntry>;
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/**
 * Inspects the archive of a dataset like uploads of its files, which must be complete and have the declared content.
 * @throws AppError for the first file that cannot be stored: an archive is imported completely or not at all
 */
export async function inspectDatasetArchive(
  inspector: MediaInspector,
  { file, name, requireName }: ArchiveForm,
  signal?: AbortSignal,
): Promise<Inspection> {
  const archive = await inspector.openArchive(file.path, 'dataset');
  try {
    const folder = path.dirname(file.path);
    const opened: OpenArchive = { archive, entries: usableEntries(archive), folder, signal };
    const manifest = await extractManifest(opened);
    const dataset = { name: name ?? manifest.dataset.name, tags: manifest.dataset.tags };
    await requireName?.(dataset.name);
    requireSameFiles(opened.entries, manifest);
    await inspector.requireSpace(unpackedBytes(archive));
    const items = await inspectItems(inspector, opened, manifest.items);
    return { items, files: [], bills: billsOf(items), dataset };
  } finally {
    archive.close();
  }
}

/** Files without a mask are billed like uploads of videos and images, the others like a ZIP of pairs. */
function billsOf(items: readonly AcceptedItem[]): readonly Bill[] {
  const alone = items.filter(({ mask }) => !mask).map(({ source }) => source);
  const pairs = items.filter(({ mask }) => mask);
  const units = {
    ...imageUnits(alone.filter(({ kind }) => kind === 'image')),
    ...videoUnits(alone.filter(({ kind }) => kind === 'video')),
  };
  return [
    ...(alone.length > 0 ? [{ preset: 'infernode', units }] : []),
    ...(pairs.length > 0 ? [{ preset: 'inpainting', units: pairUnits(pairs, 'upload.zip_file') }] : []),
  ];
}

function usableEntries({ entries }: UploadArchive): ReadonlyMap<string, ArchiveEntry> {
  const usable = new Map<string, ArchiveEntry>();
  for (const entry of entries) {
    const { name, unusable } = entry;
    if (!unusable) usable.set(name, entry);
    else if (!unusable.addedByProgram)
      throw isErrorCode(unusable.code)
        ? new AppError(unusable.code, { message: `${name}: ${unusable.reason}` })
        : mismatch(name, unusable.reason);
  }
  return usable;
}

async function extractManifest({ archive, entries, folder, signal }: OpenArchive): Promise<Manifest> {
  const entry = entries.get(MANIFEST_NAME);
  if (!entry)
    throw invalidManifest([`The ZIP is not the archive of a dataset: it has no file ${MANIFEST_NAME}`]);
  if (entry.bytes > MAX_MANIFEST_BYTES)
    throw invalidManifest([
      `${MANIFEST_NAME} has ${entry.bytes} bytes; at most ${MAX_MANIFEST_BYTES} are allowed`,
    ]);
  const target = path.join(folder, 'manifest');
  await archive.extract(entry, target, signal);
  try {
    return await readManifest(target);
  } finally {
    await rm(target, { force: true });
  }
}

/** The archive has the files of the manifest in their sizes, each once, and no others. */
function requireSameFiles(entries: ReadonlyMap<string, ArchiveEntry>, { items }: Manifest): void {
  const left = new Set(entries.keys());
  left.delete(MANIFEST_NAME);
  for (const { path: name, bytes } of items.flatMap(filesOf)) {
    const entry = entries.get(name);
    if (!entry) throw mismatch(name, 'The manifest lists it, but it is not in the archive.');
    if (!left.delete(name)) throw mismatch(name, 'The manifest lists it more than once.');
    if (entry.bytes !== bytes)
      throw mismatch(name, `It has ${entry.bytes} bytes; the manifest says ${bytes}.`);
  }
  for (const name of left) throw mismatch(name, 'It is in the archive, but the manifest does not list it.');
}

const filesOf = ({ source, mask }: ManifestItem): readonly ManifestFile[] =>
  mask ? [source, mask] : [source];

async function inspectItems(
  inspector: MediaInspector,
  opened: OpenArchive,
  items: readonly ManifestItem[],
): Promise<readonly AcceptedItem[]> {
  const { signal } = opened;
  const masks = new MaskReader({ inspector, signal, fits: false });
  const accepted: AcceptedItem[] = [];
  for (const [index, declared] of items.entries()) {
    const context = { inspector, masks, signal, strict: false, fps: declared.sampleFps };
    accepted.push(await inspectItem({ ...context, opened }, declared, index));
  }
  return accepted;
}

async function inspectItem(
  context: PairContext & { readonly opened: OpenArchive },
  declared: ManifestItem,
  index: number,
): Promise<AcceptedItem> {
  const { opened } = context;
  const { upload, sampleFps } = declared;
  const image = await extractFile(opened, declared.source, `source-${index}`);
  if (!declared.mask) {
    const source = await about(declared.source, () => inspectSource(context, image));
    await discard([image], [source]);
    return { source: asDeclared(source, declared.source), sampleFps, upload };
  }
  const file = await extractFile(opened, declared.mask, `paint-${index}`);
  let concerned = declared.source;
  const { source, mask } = await about(
    () => concerned,
    () =>
      inspectPair(context, { image, mask: { kind: 'file', file } }, (role) => {
        if (declared.mask && role === 'mask') concerned = declared.mask;
      }),
  );
  await discard([image, file], mask ? [source, mask] : [source]);
  return {
    source: asDeclared(source, declared.source),
    mask: mask && asDeclared(mask, declared.mask),
    sampleFps: source.kind === 'video' ? sampleFps : undefined,
    upload,
  };
}

async function extractFile(
  { archive, entries, folder, signal }: OpenArchive,
  declared: ManifestFile,
  name: string,
): Promise<NamedFile> {
  const entry = entries.get(declared.path);
  if (!entry) throw mismatch(declared.path, 'It is not in the archive.');
  const target = path.join(folder, name);
  const extracted = await archive.extract(entry, target, signal);
  if (extracted.sha256 !== declared.sha256)
    throw mismatch(
      declared.path,
      `Its SHA-256 is ${extracted.sha256}; the manifest says ${declared.sha256}.`,
    );
  return { name: declared.name, path: target, ...extracted };
}

/** Removes extracted files of which a copy is stored. */
async function discard(extracted: readonly NamedFile[], stored: readonly AcceptedFile[]): Promise<void> {
  const kept = new Set(stored.map(({ file }) => file.path));
  for (const { path: file } of extracted) if (!kept.has(file)) await rm(file, { force: true });
}

/** Adds what only the first upload could tell: how the file was read then. @throws AppError ARCHIVE_FILE_MISMATCH */
function asDeclared(found: AcceptedFile, declared: ManifestFile): AcceptedFile {
  if (found.kind !== declared.kind)
    throw mismatch(declared.path, `It is of kind ${found.kind}; the manifest says ${declared.kind}.`);
  const { hole } = found;
  const first = found.kind === 'image' ? declared.hole : null;
  const added = found.warnings.filter((warning) => !declared.warnings.includes(warning));
  return {
    ...found,
    hole: hole && { ...hole, ...(first && { reading: first.reading, nonBinaryShare: first.nonBinaryShare }) },
    warnings: [...declared.warnings, ...added],
  };
}

/** Names the file of the archive in errors about it. */
async function about<Value>(
  declared: ManifestFile | (() => ManifestFile),
  work: () => Promise<Value>,
): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { path: name } = typeof declared === 'function' ? declared() : declared;
    const { code, details, retryAfterSeconds } = error;
    throw new AppError(code, {
      ...{ message: `${name}: ${error.message}`, details, retryAfterSeconds, cause: error },
      issues: [{ pointer: '/content', message: `${name}: ${error.message}`, code }],
    });
  }
}

function mismatch(name: string, reason: string): AppError {
  const message = `${name}: ${reason}`;
  return new AppError('ARCHIVE_FILE_MISMATCH', {
    message,
    issues: [{ pointer: '/content', message, code: 'ARCHIVE_FILE_MISMATCH' }],
  });
}
