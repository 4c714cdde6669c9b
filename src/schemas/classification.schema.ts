import { z } from 'zod';
import { MAX_CLASSIFY_TIMEOUT_MS } from '../domain/limits.js';
import { detectionParamsSchema } from '../tasks/detection/params.js';
import { classified, classifiedBatch } from './classification-answer.schema.js';
import { dryRunQuery, id, quoteResponse } from './common.schema.js';
import { detected, detectedBatch } from './detection-answer.schema.js';
import { networkId, networkVersion } from './network-ref.schema.js';
import { operation } from './operation.js';
import { json, type ImageForm } from './request-body.js';

/** Maximum size of one image in bytes. In JSON it is base64, which is a third longer. */
export const IMAGE_MAX_BYTES = 10 * 2 ** 20;
const BASE64_BYTES = Math.ceil((IMAGE_MAX_BYTES * 4) / 3);
const TEXT_OVERHEAD = 64 * 1024;
/**
 * Maximum size of a batch sent as JSON, in bytes. Larger batches are sent as a form, which is stored on disk.
 */
const BATCH_BYTES = 32 * 2 ** 20;
/** Fields with images and tensors in base64. */
const IMAGE_FIELDS = ['data', 'content'];
/** Maximum number of images in one batch. */
export const MAX_BATCH = 10;

const dataText = z.string().min(1).meta({
  description:
    'A data URL (`data:image/jpeg;base64,…`) or bare base64 of a JPEG, PNG or WebP of at most 10 MB',
});

const imageInput = z.strictObject({ type: z.literal('image'), data: dataText });
const mediaInput = z.strictObject({
  type: z.literal('media'),
  media_id: id.meta({ description: "An image in one of the caller's datasets" }),
});
const tensorInput = z.strictObject({
  type: z.literal('tensor'),
  dtype: z.enum(['float32', 'float16', 'uint8', 'int8']).default('float32'),
  shape: z
    .array(z.number().int().min(1).max(65_536))
    .min(1)
    .max(8)
    .meta({ example: [1, 3, 224, 224] }),
  data: z.string().min(1).meta({ description: 'Base64 of the little-endian elements, row-major' }),
});

/** An image, stored image or tensor to be processed. */
export const classificationInput = z
  .discriminatedUnion('type', [imageInput, mediaInput, tensorInput])
  .meta({ id: 'ClassificationInput' });

/** The same, with the field names of the second version of the compatibility route. */
export const classificationInputData = z
  .strictObject({
    format: z.enum(['base64', 'base64_jpeg', 'base64_png', 'base64_webp', 'data_url', 'media_id']),
    content: z.string().min(1),
  })
  .refine(({ format, content }) => format !== 'media_id' || id.safeParse(content).success, {
    path: ['content'],
    message: 'must be the UUID of a stored image',
  })
  .meta({ id: 'ClassificationInputData' });

const timeout = z.number().int().min(1).max(MAX_CLASSIFY_TIMEOUT_MS).optional();

/** Tasks of the synchronous routes. */
const MODEL_TYPES = ['image_classification', 'object_detection'] as const;
const modelType = z.enum(MODEL_TYPES).default('image_classification');

/** Defaults of the classification options; those of detection are in the detector's manifest. */
export const CLASSIFICATION_DEFAULTS = { top_k: 5, threshold: 0, all_classes: false, scores: false } as const;

/**
 * Defaults are applied later, so that an option given for the other model type can be recognised and
 * rejected.
 */
const classificationFields = {
  top_k: z.number().int().min(1).max(1000).optional().meta({ default: 5 }),
  all_classes: z
    .boolean()
    .optional()
    .meta({ default: false, description: 'Return all classes instead of `top_k`' }),
  scores: z
    .boolean()
    .optional()
    .meta({ default: false, description: "Also return the network's raw output" }),
};
const detectionFields = {
  max_detections: detectionParamsSchema.shape.maxDetections.meta({
    description:
      "For object detection: maximum number of objects per image; by default that of the network's manifest",
  }),
  labels: detectionParamsSchema.shape.labels.meta({
    description: 'For object detection: return only objects with these labels',
  }),
};
const optionFields = z.strictObject({
  top_k: classificationFields.top_k,
  threshold: z.number().min(0).max(1).optional().meta({
    default: 0,
    description:
      "Minimum probability of returned classes. For object detection the minimum score of an object; by default that of the network's manifest",
  }),
  timeout: timeout.meta({ description: 'Milliseconds' }),
  all_classes: classificationFields.all_classes,
  scores: classificationFields.scores,
  ...detectionFields,
});

const executionMode = z.literal('sync').default('sync');

const common = {
  model_id: networkId,
  version: networkVersion.optional(),
  execution_mode: executionMode,
  model_type: modelType,
  options: optionFields.optional().meta({ default: CLASSIFICATION_DEFAULTS }),
};

/** Rejects options of the other model type, which would otherwise be ignored silently. */
function checkOptions(
  { model_type, options = {} }: { model_type: string; options?: z.output<typeof optionFields> },
  context: z.RefinementCtx,
): void {
  const isDetection = model_type === 'object_detection';
  const foreign = Object.keys(isDetection ? classificationFields : detectionFields);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || !foreign.includes(name)) continue;
    const message = `is not an option of model_type ${model_type}`;
    context.addIssue({ code: 'custom', path: ['options', name], message });
  }
}

/** Optional fields get an empty example, because Swagger UI would otherwise generate a value and send it. */
const EMPTY = { example: '' };
const TEXT = { type: 'string', items: undefined, minItems: undefined, maxItems: undefined } as const;

/** The form that replaces base64 by files. */
const imageForm = (maxImages: number): ImageForm => ({
  texts: z.object({
    model_id: networkId.meta({ example: 'shapes' }),
    version: networkVersion.optional().meta({ ...EMPTY, description: 'The highest version by default' }),
    execution_mode: executionMode,
    model_type: modelType,
  }),
  unfolded: {
    name: 'options',
    fields: optionFields.extend({
      timeout: timeout.meta({ ...EMPTY, description: 'Milliseconds' }),
      max_detections: detectionFields.max_detections.meta(EMPTY),
      // A form has a single text for the whole list; Swagger UI fails on lists with an empty example.
      labels: detectionFields.labels.meta({ ...EMPTY, ...TEXT, description: 'A list as JSON: `["circle"]`' }),
    }),
    example: '{"top_k": 3}',
  },
  maxImages,
});

/** A red image of 16x16 pixels, so that the example can be sent unchanged. */
const EXAMPLE_INPUT = {
  type: 'image',
  data: 'iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAMAAAAoLQ9TAAAAA1BMVEX6CgoFE8pIAAAADklEQVQYlWNgGAUMSAAAARAAAVGhZwQAAAAASUVORK5CYII=',
} as const;

const executeBody = z
  .strictObject({
    ...common,
    input: classificationInput.optional(),
    input_data: classificationInputData.optional(),
  })
  .superRefine(checkOptions)
  .meta({
    id: 'Classification',
    description: 'Exactly one of `input` and `input_data`; a form has one file instead.',
    example: { model_id: 'shapes', input: EXAMPLE_INPUT, options: { top_k: 3 } },
  });

/**
 * Schemas of the entries of a batch. They are checked one by one, so that an invalid entry does not fail the
 * others.
 */
export const batchEntries = { inputs: classificationInput, input_data_list: classificationInputData };

const entryList = z.array(z.unknown()).min(1).max(MAX_BATCH).optional();
const batchBody = z
  .strictObject({ ...common, inputs: entryList, input_data_list: entryList })
  .superRefine(checkOptions)
  .meta({
    id: 'ClassificationBatch',
    example: { model_id: 'shapes', inputs: [EXAMPLE_INPUT], options: { top_k: 3 } },
    description:
      'Exactly one of `inputs` and `input_data_list`, with 1 to 10 entries; a form has 1 to 10 files instead. An entry that does not match its schema does not fail the others.',
  });

/** Synchronous classification and detection. */
export const classificationOperations = {
  execute: operation({
    method: 'post',
    path: '/api/inference/execute',
    operationId: 'classify',
    summary: 'Classify one image, or find its objects',
    description:
      'JSON, or a form with the fields `model_id`, `top_k`, `threshold` and one file. With `model_type` `object_detection` a detector finds the objects of the image. A network that is not loaded yet is loaded first. Only successful requests are charged.',
    tag: 'Classification',
    access: 'user',
    scope: 'classify',
    query: dryRunQuery,
    body: json(executeBody, {
      limitBytes: BASE64_BYTES + TEXT_OVERHEAD,
      longTexts: IMAGE_FIELDS,
      form: imageForm(1),
    }),
    idempotent: true,
    responses: [
      {
        status: 200,
        description: 'The classes, or the objects; with `dryRun=true` the price',
        schema: z.union([classified, quoteResponse, detected]),
      },
    ],
    errors: [404, 413, 415, 422, 503, 504],
  }),
  batch: operation({
    method: 'post',
    path: '/api/inference/batch',
    operationId: 'classifyBatch',
    summary: 'Classify 1 to 10 images, or find their objects',
    description: 'An image that cannot be read or processed does not fail the others and is not charged.',
    tag: 'Classification',
    access: 'user',
    scope: 'classify',
    query: dryRunQuery,
    body: json(batchBody, {
      limitBytes: BATCH_BYTES,
      longTexts: IMAGE_FIELDS,
      entries: batchEntries,
      form: imageForm(MAX_BATCH),
    }),
    idempotent: true,
    responses: [
      {
        status: 200,
        description: 'One result for each image; with `dryRun=true` the price',
        schema: z.union([classifiedBatch, quoteResponse, detectedBatch]),
      },
    ],
    errors: [404, 413, 415, 422, 503, 504],
  }),
};
