import { z } from 'zod';
import { labelsSchema, networkManifestSchema } from '../store/manifest.js';
import { preprocessingSchema } from '../preprocessing/preprocessing-schema.js';

/** Name of a classifier's only file in its manifest. */
export const CLASSIFIER_FILE = 'model';

/** Meaning of the output; `auto` determines whether the graph ends in Softmax or Sigmoid. */
export const outputSchema = z.strictObject({
  /** Name of the output in the graph; the first output by default. */
  name: z.string().min(1).optional(),
  activation: z.enum(['logits', 'probabilities', 'sigmoid', 'auto']).default('auto'),
});

/** Dynamic batching of requests. */
export const batchingSchema = z.strictObject({
  /** Maximum number of images per run; 1 if the graph's batch size is fixed at 1. */
  maxBatch: z.number().int().min(1).max(256).default(8),
  /** Maximum milliseconds that a decoded image waits for others to join its batch. */
  maxDelayMs: z.number().min(0).max(1000).default(4),
  /** Maximum number of waiting images; further ones are rejected. */
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
