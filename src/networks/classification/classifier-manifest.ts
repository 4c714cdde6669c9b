import { z } from 'zod';
import { networkManifestSchema } from '../store/manifest.js';
import { preprocessingSchema } from './preprocessing-schema.js';

/** Name of a classifier's only file in its manifest. */
export const CLASSIFIER_FILE = 'model';

/** Labels in the order of the classes, or a file next to the manifest that holds them. */
export const labelsSchema = z.union([
  z.array(z.string().max(500)).min(1).max(100_000),
  z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*\.(json|txt|csv)$/,
      'must be a plain file name ending in .json, .txt or .csv',
    ),
]);

/** What the output means; `auto` looks whether the graph ends in Softmax or Sigmoid. */
export const outputSchema = z.strictObject({
  /** Name in the graph; the first output unless given. */
  name: z.string().min(1).optional(),
  activation: z.enum(['logits', 'probabilities', 'sigmoid', 'auto']).default('auto'),
});

/** How requests are joined. */
export const batchingSchema = z.strictObject({
  /** Images computed together at most; 1 where the graph's batch is fixed at 1. */
  maxBatch: z.number().int().min(1).max(256).default(8),
  /** Milliseconds that an image waits for others that are being decoded. */
  maxDelayMs: z.number().min(0).max(1000).default(4),
  /** Images that may wait; one more is refused. */
  maxQueue: z.number().int().min(1).max(10_000).default(128),
});

/** `models/<id>/manifest.json` of a classifier. */
export const classifierManifestSchema = networkManifestSchema.extend({
  task: z.literal('classification'),
  files: networkManifestSchema.shape.files.refine(
    (files) => Object.hasOwn(files, CLASSIFIER_FILE),
    `must name the file "${CLASSIFIER_FILE}"`,
  ),
  preprocessing: preprocessingSchema,
  output: outputSchema.default({ activation: 'auto' }),
  labels: labelsSchema.optional(),
  batching: batchingSchema.default(() => batchingSchema.parse({})),
});

/** See {@link classifierManifestSchema}. */
export type ClassifierManifest = z.infer<typeof classifierManifestSchema>;
