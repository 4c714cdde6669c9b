import { z } from 'zod';
import { credits, timestamp } from './common.schema.js';
import { networkId } from './network-ref.schema.js';

const stages = {
  queue_time_ms: z.number(),
  decode_time_ms: z.number(),
  preprocess_time_ms: z.number(),
  inference_time_ms: z.number(),
  postprocess_time_ms: z.number(),
};

const device = z.object({ requested: z.string(), used: z.string(), reason: z.string() });

const readWarnings = z.array(z.string()).meta({
  description:
    'Notes on how the image was read where that may be unexpected, such as only the first frame of an animation',
});

const metadata = z.object({
  input_format: z.string(),
  model_type: z.string(),
  model_version: z.string().nullable(),
  model_sha256: z.string().nullable(),
  device: device.nullable(),
  image: z.object({ width: z.number().int(), height: z.number().int(), format: z.string() }).nullable(),
  timestamp,
});

/** Common fields of responses about one image. */
export const imageAnswer = {
  success: z.literal(true),
  model_id: networkId,
  execution_mode: z.literal('sync'),
  execution_time_ms: z.number(),
  inference_time_ms: z.number(),
  performance: z.object({
    total_time_ms: z.number(),
    preprocessing_time_ms: z.number().meta({ description: 'All stages except inference' }),
    ...stages,
    batch_size: z
      .number()
      .int()
      .meta({ description: 'Number of images in the same inference batch, this one included' }),
  }),
  metadata,
  warnings: readWarnings,
  cost: credits,
};

/** Common fields of the entries of a batch response. */
export const batchEntry = {
  index: z.number().int(),
  success: z.boolean(),
  format: z.string().meta({ description: '`unknown` for an entry without a format' }),
  inference_time_ms: z.number().nullable(),
  performance: z.object({ ...stages, batch_size: z.number().int() }).nullable(),
  warnings: readWarnings,
  error: z
    .object({
      code: z.string(),
      message: z.string(),
      pointer: z.string().meta({
        description: 'Location of the problem: JSON pointer into the body, or the field of the form',
      }),
    })
    .nullable(),
};

/** Common fields of batch responses. */
export const batchAnswer = {
  model_id: networkId,
  execution_mode: z.literal('sync'),
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
};
