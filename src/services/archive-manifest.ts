import { open } from 'node:fs/promises';
import { setImmediate as nextLoopTurn } from 'node:timers/promises';
import { z } from 'zod';
import {
  ARCHIVE_FORMAT,
  ARCHIVE_VERSION,
  MANIFEST_NAME,
  MAX_ARCHIVE_ITEMS,
  MAX_MANIFEST_BYTES,
} from '../domain/dataset-archive.js';
import { datasetFileName } from '../domain/dataset-file.js';
import {
  MASK_READINGS,
  MAX_DATASET_NAME_LENGTH,
  MAX_MEDIA_NAME_LENGTH,
  MAX_TAG_LENGTH,
  MAX_TAGS,
  type Dataset,
  type DatasetItem,
  type Media,
} from '../domain/dataset.js';
import { hiddenCharacterIn } from '../domain/hidden-characters.js';
import { JsonGuard } from '../domain/json-guard.js';
import { AppError } from '../errors/app-error.js';
import { issueLines } from '../errors/schema-issues.js';
import { MEDIA_MIME } from '../domain/media-types.js';

/** An item without the places of deleted ones. */
interface NumberedItem {
  readonly item: DatasetItem;
  /** From 0. */
  readonly position: number;
  /** Number of its upload, from 1. */
  readonly upload: number;
}

/** Items are written and read in slices, between which other requests are served. */
const SLICE = 200;
const MAX_WARNINGS = 100;
const MAX_WARNING_LENGTH = 2000;
const MAX_SAMPLE_FPS = 240;
const MAX_DEPTH = 8;
/** About 35 for each item. */
const MAX_VALUES = 60 * MAX_ARCHIVE_ITEMS;

/** Path of a file in the archive, as in downloads from the dataset. */
export const archivePath = (position: number, media: Media): string =>
  `media/${datasetFileName({ position }, media)}`;

/** Numbers items and uploads without gaps, so that copies of a dataset have equal manifests. */
export function numberItems(items: readonly DatasetItem[]): readonly NumberedItem[] {
  const uploads = new Map<number, number>();
  return items.map((item, position) => {
    const upload = uploads.get(item.uploadIndex) ?? uploads.size + 1;
    uploads.set(item.uploadIndex, upload);
    return { item, position, upload };
  });
}

function describeFile(position: number, media: Media) {
  const { id, name, kind, container, bytes, sha256, width, height, frameCount, fps, durationSeconds } = media;
  const { hole, warnings } = media;
  return {
    path: archivePath(position, media),
    ...{ id, name, kind, container },
    mediaType: MEDIA_MIME[container] ?? 'application/octet-stream',
    ...{ bytes, sha256, width, height, frameCount, frameSource: media.frameSource ?? null },
    ...{ fps, durationSeconds, hole, warnings },
    createdAt: media.createdAt.toISOString(),
  };
}

const describeItem = ({ item, position, upload }: NumberedItem) => ({
  upload,
  sampleFps: item.sampleFps,
  sampledFrames: item.sampledFrames,
  source: describeFile(position, item.source),
  mask: item.mask && describeFile(position, item.mask),
});

/** A dataset that is described by a manifest. */
export interface DescribedDataset {
  readonly dataset: Dataset;
  readonly items: readonly NumberedItem[];
  readonly productVersion: string;
}

/**
 * The manifest of a dataset as JSON, with a line for each item. It depends on nothing else, so that the same dataset has
 * the same archive.
 * @throws AppError DATASET_TOO_LARGE (too_large)
 */
export async function writeManifest({ dataset, items, productVersion }: DescribedDataset): Promise<Buffer> {
  const { id, name, tags, createdAt, updatedAt } = dataset;
  const files = items.flatMap(({ item: { source, mask } }) => (mask ? [source, mask] : [source]));
  const head = JSON.stringify({
    format: ARCHIVE_FORMAT,
    version: ARCHIVE_VERSION,
    product: { name: 'InferNode', version: productVersion },
    dataset: { id, name, tags, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() },
    totals: {
      items: items.length,
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  });
  const lines: string[] = [];
  for (const [index, item] of items.entries()) {
    if (index % SLICE === SLICE - 1) await nextLoopTurn();
    lines.push(JSON.stringify(describeItem(item)));
  }
  const manifest = Buffer.from(`${head.slice(0, -1)},"items":[\n${lines.join(',\n')}\n]}\n`);
  if (manifest.length > MAX_MANIFEST_BYTES)
    throw new AppError('DATASET_TOO_LARGE', {
      message: `The manifest of the archive would have ${manifest.length} bytes; at most ${MAX_MANIFEST_BYTES} are allowed.`,
    });
  return manifest;
}

const visible = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine((text) => text === text.trim() && hiddenCharacterIn(text) === null, {
      error: 'must be one line of visible characters without white space around it',
    });

const file = z.object({
  path: z.string().min(1).max(1024),
  // UTF-16 counts characters beyond the basic plane twice.
  name: visible(2 * MAX_MEDIA_NAME_LENGTH),
  kind: z.enum(['image', 'video']),
  bytes: z.int().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hexadecimal digits'),
  hole: z
    .object({ reading: z.enum(MASK_READINGS), nonBinaryShare: z.number().min(0).max(1) })
    .nullable()
    .default(null),
  warnings: z.array(visible(MAX_WARNING_LENGTH)).max(MAX_WARNINGS).default([]),
});

const item = z.object({
  upload: z.int().min(1).max(MAX_ARCHIVE_ITEMS),
  sampleFps: z.number().positive().max(MAX_SAMPLE_FPS),
  source: file,
  mask: file.nullable(),
});

const head = z.object({
  format: z.literal(ARCHIVE_FORMAT),
  version: z.int().min(1),
});

const manifest = head.extend({
  dataset: z.object({
    name: visible(MAX_DATASET_NAME_LENGTH),
    tags: z
      .array(visible(MAX_TAG_LENGTH))
      .max(MAX_TAGS)
      .transform((tags) => [...new Set(tags)]),
  }),
  items: z.array(z.unknown()).min(1).max(MAX_ARCHIVE_ITEMS),
});

/** A file as a manifest declares it. */
export type ManifestFile = z.output<typeof file>;
/** An item as a manifest declares it. */
export type ManifestItem = z.output<typeof item>;

/** What an import uses of a manifest; everything else is determined from the files. */
export interface Manifest {
  readonly dataset: { readonly name: string; readonly tags: readonly string[] };
  readonly items: readonly ManifestItem[];
}

/**
 * Reads a manifest of any origin.
 * @param path of the extracted file
 * @throws AppError ARCHIVE_MANIFEST_INVALID, ARCHIVE_VERSION_UNSUPPORTED (invalid)
 */
export async function readManifest(path: string): Promise<Manifest> {
  const value = parseJson(await readGuarded(path));
  // Fields of later versions may have another meaning, so the version is checked before them.
  const { version } = parsed(head, value);
  if (version > ARCHIVE_VERSION)
    throw new AppError('ARCHIVE_VERSION_UNSUPPORTED', {
      message: `${MANIFEST_NAME}: version is ${version}; this installation reads archives up to version ${ARCHIVE_VERSION}.`,
      details: { version, supported: ARCHIVE_VERSION },
    });
  const { dataset, items } = parsed(manifest, value);
  const read: ManifestItem[] = [];
  for (const [index, entry] of items.entries()) {
    if (index % SLICE === SLICE - 1) await nextLoopTurn();
    read.push(parsed(item, entry, `items.${index}.`));
  }
  requireAscendingUploads(read);
  return { dataset, items: read };
}

/** The text, after the check of its structure: parsing it must not need more memory or time than it may. */
async function readGuarded(path: string): Promise<string> {
  const guard = new JsonGuard({
    ...{ depth: MAX_DEPTH, values: MAX_VALUES, listLength: MAX_ARCHIVE_ITEMS },
    subject: MANIFEST_NAME,
  });
  await using handle = await open(path, 'r');
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of handle.createReadStream({ autoClose: false })) {
      guard.push(chunk as Buffer);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    throw error instanceof AppError ? invalidManifest(error.issues.map(({ message }) => message)) : error;
  }
  return decode(Buffer.concat(chunks));
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidManifest([`${MANIFEST_NAME} is not valid UTF-8`]);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes the text.
    throw invalidManifest([`${MANIFEST_NAME} is not valid JSON`]);
  }
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, prefix = ''): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  throw invalidManifest(issueLines(error, value).map((line) => `${MANIFEST_NAME}: ${prefix}${line}`));
}

/** Uploads follow one another, as in every dataset. */
function requireAscendingUploads(items: readonly ManifestItem[]): void {
  let last = 1;
  for (const [index, { upload }] of items.entries()) {
    if (upload < last || upload > last + 1 || (index === 0 && upload !== 1))
      throw invalidManifest([
        `${MANIFEST_NAME}: items.${index}.upload is ${upload} after ${last}; uploads are numbered from 1 without gaps`,
      ]);
    last = upload;
  }
}

/** Issues that are listed. */
const MAX_LISTED = 20;

/** The error for an archive without a usable manifest; each problem is a sentence without its full stop. */
export function invalidManifest(problems: readonly string[]): AppError {
  const [first = `${MANIFEST_NAME} is not valid`] = problems;
  return new AppError('ARCHIVE_MANIFEST_INVALID', {
    message: problems.length > 1 ? `${first}; and ${problems.length - 1} more.` : `${first}.`,
    issues: problems
      .slice(0, MAX_LISTED)
      .map((message) => ({ pointer: '/content', message, code: 'ARCHIVE_MANIFEST_INVALID' })),
  });
}
