import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { decodeText } from '../../domain/text-encoding.js';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import { batchingSchema, outputSchema } from '../classification/classifier-manifest.js';
import {
  customPreprocessingSchema,
  PREPROCESSING_PRESETS,
  type CustomPreprocessing,
  type PreprocessingSpec,
} from '../preprocessing/preprocessing-schema.js';
import { DETECTOR_TASK } from '../detection/detector-manifest.js';
import { fileSha256 } from '../store/file-digest.js';
import { readLabels } from '../store/labels.js';
import { emptyFile, METADATA_FOLDER } from '../store/layout.js';

/** Shape with four dimensions, batch first; the batch may be dynamic. */
const inputShape = z
  .array(z.union([z.number().int().min(1), z.string(), z.null()]))
  .length(4, 'must have four dimensions');

/**
 * Fields of a detector's manifest that metadata may contain unchanged; they are validated with the manifest.
 */
const DETECTOR_FIELDS = ['head', 'threshold', 'nms', 'maxDetections', 'extraInputs'];

/** Manifest `task` by metadata `model_type`, where the two differ. */
const TASKS: Readonly<Record<string, string>> = {
  image_classification: 'classification',
  object_detection: DETECTOR_TASK,
};

/** Metadata of the flat layout: the documented fields, and any field of a manifest. */
const flatMetadataSchema = z.looseObject({
  model_type: z.string().min(1).default('image_classification'),
  input_shape: inputShape.optional(),
  /** Default: `imagenet` for classifiers and `unit` for detectors. */
  preprocessing: z.union([z.enum(PREPROCESSING_PRESETS), customPreprocessingSchema]).optional(),
  color_format: z
    .string()
    .transform((value) => value.toUpperCase())
    .pipe(z.enum(['RGB', 'BGR', 'GRAY']))
    .optional(),
  output: outputSchema.optional(),
  batching: batchingSchema.optional(),
  version: z.string().min(1).max(64).optional(),
  licence: z.string().optional(),
  source: z.string().optional(),
});
/** See {@link flatMetadataSchema}. */
export type FlatMetadata = z.infer<typeof flatMetadataSchema>;

/** Folders of the flat layout. */
export interface FlatFolders {
  readonly models: string;
  readonly labels: string;
}

/** Path of a flat network's metadata. */
export const flatMetadataPath = ({ models }: FlatFolders, id: string): string =>
  join(models, METADATA_FOLDER, `${id}.json`);

/** Possible paths of a flat network's labels; the first existing file is used. */
const flatLabelsPaths = ({ labels }: FlatFolders, id: string): readonly string[] =>
  ['json', 'txt', 'csv'].map((ending) => join(labels, `${id}_labels.${ending}`));

async function readFlatLabels(folders: FlatFolders, id: string): Promise<readonly string[] | null> {
  for (const path of flatLabelsPaths(folders, id)) {
    const labels = await readLabels(path, id);
    if (labels) return labels;
  }
  return null;
}

/**
 * The manifest equivalent to a flat network's metadata and labels.
 * @throws AppError `METADATA_MISSING`, `METADATA_INVALID`, `NETWORK_NOT_ONNX` or `LABELS_INVALID` (invalid)
 */
export async function readFlatManifest(
  folders: FlatFolders,
  id: string,
): Promise<Readonly<Record<string, unknown>>> {
  return flatManifest(folders, id, await readMetadata(folders, id));
}

/**
 * The manifest that a flat network would have with the given metadata, ignoring stored metadata.
 * @throws AppError `NETWORK_NOT_ONNX` for an empty file, `LABELS_INVALID` (invalid)
 */
export async function flatManifest(
  folders: FlatFolders,
  id: string,
  metadata: FlatMetadata,
): Promise<Readonly<Record<string, unknown>>> {
  const path = `${id}.onnx`;
  const file = join(folders.models, path);
  const { size } = await stat(file);
  if (size === 0) throw emptyFile(path);
  const labels = await readFlatLabels(folders, id);
  const { model_type: type, output, batching, version, licence, source } = metadata;
  const task = Object.hasOwn(TASKS, type) ? TASKS[type] : type;
  const isDetector = task === DETECTOR_TASK;
  const preprocessing = metadata.preprocessing ?? (isDetector ? 'unit' : 'imagenet');
  return {
    ...(isDetector && pickDetectorFields(metadata)),
    id,
    version: version ?? '1',
    task,
    kind: isDetector ? 'detector' : 'classifier',
    licence: licence ?? 'unknown',
    ...(source !== undefined && { source }),
    files: { model: { path, sha256: await fileSha256(file), bytes: size } },
    preprocessing: withShape(preprocessing, metadata),
    ...(output && { output }),
    ...(batching && { batching }),
    ...(labels && { labels }),
  };
}

/** Paths of all files from which a flat network's manifest is built. */
export const flatFiles = (folders: FlatFolders, id: string): readonly string[] => [
  join(folders.models, `${id}.onnx`),
  flatMetadataPath(folders, id),
  ...flatLabelsPaths(folders, id),
];

/** @throws AppError `METADATA_INVALID` (invalid) */
export function parseFlatMetadata(metadata: Readonly<Record<string, unknown>>): FlatMetadata {
  const parsed = flatMetadataSchema.safeParse(metadata);
  if (parsed.success) return parsed.data;
  throw new AppError('METADATA_INVALID', {
    message: `metadata: ${issueLines(parsed.error, metadata).join('; ')}`,
  });
}

async function readMetadata(folders: FlatFolders, id: string): Promise<FlatMetadata> {
  const content = await readFile(flatMetadataPath(folders, id)).catch(() => null);
  if (content === null) {
    throw new AppError('METADATA_MISSING', {
      message: `Network ${id} has no metadata: write metadata/${id}.json, or send it with the preload request.`,
      details: { network: id },
    });
  }
  const invalid = (why: string, cause?: unknown): AppError =>
    new AppError('METADATA_INVALID', {
      message: `The metadata of network ${id} is not valid: ${why}`,
      details: { network: id },
      cause,
    });
  let metadata: unknown;
  try {
    metadata = JSON.parse(decodeText(content));
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  const parsed = flatMetadataSchema.safeParse(metadata);
  if (parsed.success) return parsed.data;
  throw invalid(issueLines(parsed.error, metadata).join('; '), parsed.error);
}

const pickDetectorFields = (metadata: FlatMetadata): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => DETECTOR_FIELDS.includes(name)));

/** The preprocessing with size and colour format filled in; a preset without these stays a name. */
function withShape(
  preprocessing: PreprocessingSpec,
  { input_shape: shape, color_format: channelOrder }: FlatMetadata,
): PreprocessingSpec {
  if (shape === undefined && channelOrder === undefined) return preprocessing;
  const custom: CustomPreprocessing =
    typeof preprocessing === 'string' ? { preset: preprocessing } : preprocessing;
  return {
    ...custom,
    ...(shape && sizesOf(shape)),
    ...(channelOrder !== undefined && { channelOrder }),
  };
}

function sizesOf(shape: readonly (number | string | null)[]): Partial<CustomPreprocessing> {
  const isChannels = (dim: unknown): boolean => dim === 1 || dim === 3;
  const layout = isChannels(shape[1]) || !isChannels(shape[3]) ? 'NCHW' : 'NHWC';
  const [height, width] = layout === 'NCHW' ? [shape[2], shape[3]] : [shape[1], shape[2]];
  return {
    layout,
    ...(typeof height === 'number' && { height }),
    ...(typeof width === 'number' && { width }),
  };
}
