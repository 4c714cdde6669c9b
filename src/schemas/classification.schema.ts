import { z } from 'zod';
import { MAX_CLASSIFY_TIMEOUT_MS } from '../domain/limits.js';
import { credits, dryRunQuery, id, quoteResponse, timestamp } from './common.schema.js';
import { operation } from './operation.js';
import { json, type ImageForm } from './request-body.js';

/** Bytes of one image; the text of a request is base64, a third longer. */
export const IMAGE_MAX_BYTES = 10 * 2 ** 20;
const BASE64_BYTES = Math.ceil((IMAGE_MAX_BYTES * 4) / 3);
const TEXT_OVERHEAD = 64 * 1024;
/** Bytes of a batch that comes as JSON; larger images come as a form, which is kept on disk. */
const BATCH_BYTES = 32 * 2 ** 20;
/** Fields that hold images and tensors as base64. */
const IMAGE_FIELDS = ['data', 'content'];
/** Images of one batch. */
export const MAX_BATCH = 10;

/** Name of a network: a folder or file of the models folder. */
export const networkId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9, ".", "_" and "-"')
  .meta({ example: 'resnet18' });

/** Version of a network; the highest one unless given. */
export const networkVersion = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" and "-"')
  .meta({ example: '1.0.0' });

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

/** What is to be classified. */
export const classificationInput = z
  .discriminatedUnion('type', [imageInput, mediaInput, tensorInput])
  .meta({ id: 'ClassificationInput' });

/** The same in the words of the engine's second edition. */
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
const optionFields = z.strictObject({
  top_k: z.number().int().min(1).max(1000).default(5),
  threshold: z.number().min(0).max(1).default(0).meta({ description: 'Least probability shown' }),
  timeout: timeout.meta({ description: 'Milliseconds' }),
  all_classes: z.boolean().default(false).meta({ description: 'Every class instead of `top_k`' }),
  scores: z.boolean().default(false).meta({ description: "The network's raw output too" }),
});

const executionMode = z.literal('sync').default('sync');

const common = {
  model_id: networkId,
  version: networkVersion.optional(),
  execution_mode: executionMode,
  options: optionFields.default(() => ({ top_k: 5, threshold: 0, all_classes: false, scores: false })),
};

/** Without an example Swagger UI would make up a value for a field that may be left empty, and send it. */
const EMPTY = { example: '' };

/** Files instead of base64. */
const imageForm = (maxImages: number): ImageForm => ({
  texts: z.object({
    model_id: networkId.meta({ example: 'shapes' }),
    version: networkVersion.optional().meta({ ...EMPTY, description: 'The highest one when left out' }),
    execution_mode: executionMode,
  }),
  unfolded: {
    name: 'options',
    fields: optionFields.extend({ timeout: timeout.meta({ ...EMPTY, description: 'Milliseconds' }) }),
    example: '{"top_k": 3}',
  },
  maxImages,
});

/** A red image of 16x16: a body that can be sent as it stands. */
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
  .meta({
    id: 'Classification',
    description: 'Exactly one of `input` and `input_data`; in a form, one file instead.',
    example: { model_id: 'shapes', input: EXAMPLE_INPUT, options: { top_k: 3 } },
  });

/** Schemas of the entries of the two lists of a batch, of which a bad one must not fail the others. */
export const batchEntries = { inputs: classificationInput, input_data_list: classificationInputData };

const entryList = z.array(z.unknown()).min(1).max(MAX_BATCH).optional();
const batchBody = z.strictObject({ ...common, inputs: entryList, input_data_list: entryList }).meta({
  id: 'ClassificationBatch',
  example: { model_id: 'shapes', inputs: [EXAMPLE_INPUT], options: { top_k: 3 } },
  description:
    'Exactly one of `inputs` and `input_data_list`, 1 to 10 entries; in a form, as many files. An entry that does not match its schema fails alone.',
});

const prediction = z.object({
  label: z.string().meta({ example: 'tabby cat' }),
  index: z.number().int(),
  confidence: z.number().meta({ description: 'Same number as `probability`' }),
  probability: z.number(),
});

const metrics = z
  .object({
    topConfidence: z.number(),
    avgConfidence: z.number(),
    entropy: z.number().meta({ description: 'Of all probabilities, in bits' }),
    margin: z.number().meta({ description: 'Best probability minus the second' }),
    uncertainty: z.enum(['low', 'medium', 'high']),
    classes: z.number().int(),
  })
  .nullable();

const stages = {
  queue_time_ms: z.number(),
  decode_time_ms: z.number(),
  preprocess_time_ms: z.number(),
  inference_time_ms: z.number(),
  postprocess_time_ms: z.number(),
};

const device = z.object({ requested: z.string(), used: z.string(), reason: z.string() });

const readWarnings = z.array(z.string()).meta({
  description: 'How the image was read where that may be unexpected, such as the first frame of an animation',
});

const answerMetadata = z.object({
  input_format: z.string(),
  model_type: z.string(),
  model_version: z.string().nullable(),
  model_sha256: z.string().nullable(),
  device: device.nullable(),
  image: z.object({ width: z.number().int(), height: z.number().int(), format: z.string() }).nullable(),
  timestamp,
});

const executed = z
  .object({
    success: z.literal(true),
    model_id: networkId,
    execution_mode: z.literal('sync'),
    predictions: z.array(prediction),
    metrics,
    execution_time_ms: z.number(),
    inference_time_ms: z.number(),
    results: z.object({ predictions: z.array(prediction), metrics, scores: z.array(z.number()).optional() }),
    performance: z.object({
      total_time_ms: z.number(),
      preprocessing_time_ms: z.number().meta({ description: 'Everything but the network' }),
      ...stages,
      batch_size: z.number().int().meta({ description: 'Images computed together with this one' }),
    }),
    metadata: answerMetadata,
    warnings: readWarnings,
    cost: credits,
  })
  .meta({ id: 'ClassificationAnswer' });

const batchEntry = z.object({
  index: z.number().int(),
  success: z.boolean(),
  format: z.string().meta({ description: '`unknown` for an entry that says none' }),
  predictions: z.array(prediction),
  metrics,
  inference_time_ms: z.number().nullable(),
  performance: z.object({ ...stages, batch_size: z.number().int() }).nullable(),
  warnings: readWarnings,
  scores: z.array(z.number()).optional(),
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      pointer: z
        .string()
        .meta({ description: 'What is wrong: a place in the body, or the field of the form' }),
    })
    .nullable(),
});

const batched = z
  .object({
    success: z.boolean().meta({ description: 'Whether every image was classified' }),
    model_id: networkId,
    execution_mode: z.literal('sync'),
    predictions: z
      .array(z.array(prediction))
      .meta({ description: 'By image; empty for one that failed, see `results`' }),
    results: z.array(batchEntry),
    batch_size: z.number().int(),
    total_time_ms: z.number(),
    avg_time_ms: z.number(),
    performance: z.object({
      total_time_ms: z.number(),
      batch_size: z.number().int(),
      avg_time_per_item_ms: z.number(),
      inference_time_ms: z.number(),
    }),
    metadata: z.object({
      successful_count: z.number().int(),
      failed_count: z.number().int(),
      model_type: z.string(),
      model_version: z.string().nullable(),
      device: device.nullable(),
      timestamp,
    }),
    cost: credits,
  })
  .meta({ id: 'ClassificationBatchAnswer' });

/** Classification while the caller waits. */
export const classificationOperations = {
  execute: operation({
    method: 'post',
    path: '/api/inference/execute',
    operationId: 'classify',
    summary: 'Classify one image',
    description:
      'JSON, or a form with the fields `model_id`, `top_k`, `threshold` and one file. A network that is not in memory is loaded. Charged only when it was classified.',
    tag: 'Classification',
    access: 'user',
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
        description: 'The classes; with `dryRun=true` the price',
        schema: z.union([executed, quoteResponse]),
      },
    ],
    errors: [404, 413, 415, 422, 503, 504],
  }),
  batch: operation({
    method: 'post',
    path: '/api/inference/batch',
    operationId: 'classifyBatch',
    summary: 'Classify 1 to 10 images',
    description: 'An image that cannot be read or classified fails alone and costs nothing.',
    tag: 'Classification',
    access: 'user',
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
        schema: z.union([batched, quoteResponse]),
      },
    ],
    errors: [404, 413, 415, 422, 503, 504],
  }),
};
