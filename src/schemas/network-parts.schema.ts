import { z } from 'zod';
import { credits, timestamp } from './common.schema.js';
import { networkId } from './network-ref.schema.js';

const tensorInfo = z.object({
  name: z.string(),
  dtype: z.string(),
  shape: z.array(z.union([z.number().int(), z.string()])),
});

const device = z.object({ requested: z.string(), used: z.string(), reason: z.string() });

const stageTimes = z.object({
  queue_time_ms: z.number(),
  decode_time_ms: z.number(),
  preprocess_time_ms: z.number(),
  inference_time_ms: z.number(),
  postprocess_time_ms: z.number(),
});

/** Counters of a network. */
export const counts = z.object({
  answered: z.number().int(),
  failed: z.number().int(),
  runs: z.number().int().meta({ description: 'Lower than `answered` if images were batched' }),
  average: stageTimes.meta({ description: 'Milliseconds per image' }),
});

/** A loaded network. */
export const loadedModel = z
  .object({
    model_id: networkId,
    version: z.string(),
    model_type: z.string(),
    sha256: z.string(),
    device,
    inputs: z.array(tensorInfo),
    outputs: z.array(tensorInfo),
    max_batch: z.number().int(),
    load_time_ms: z.number(),
    loaded_at: timestamp,
    last_used: timestamp,
    in_flight: z.number().int(),
    memory_bytes: z.number().int(),
    engines: z.number().int(),
    counts,
  })
  .meta({ id: 'LoadedModel' });

/** A network that a job engine keeps loaded. */
export const jobEngineModel = z
  .object({
    model_id: z.string(),
    version: z.string(),
    sha256: z.string(),
    device: z.enum(['cpu', 'cuda', 'webgpu']),
    file_bytes: z.number().int(),
    pid: z.number().int().meta({ description: "The engine's process on the machine of its worker" }),
  })
  .meta({ id: 'JobEngineModel' });

/** Memory of the engines and of the api process. */
export const memory = z.object({
  loaded_models: z.number().int(),
  max_models: z.number().int(),
  engines_rss_bytes: z.number().int(),
  budget_bytes: z.number().int(),
  api_rss_bytes: z.number().int(),
  api_heap_used_bytes: z.number().int(),
});

const modelTask = z.object({
  task: z.string().meta({ description: 'Task of jobs that use the network', example: 'classification' }),
  media: z.array(z.enum(['image', 'video'])),
  price: z
    .object({
      preset: z.string(),
      version: z.number().int(),
      perImage: credits.nullable(),
      perFrame: credits.nullable(),
      perMegapixel: credits.nullable().meta({ description: 'null: the size of an image does not matter' }),
    })
    .meta({
      description:
        'Credits: images times `perImage` plus frames times `perFrame`, as quotes compute them; null: not charged',
    }),
  constraints: z.object({
    formats: z.array(z.string()).meta({ description: 'Accepted formats of files, by content' }),
    maxFileBytes: z.number().int(),
    maxImagePixels: z.number().int().nullable().meta({ description: 'Width times height; null: no images' }),
    maxVideoPixels: z.number().int().nullable().meta({ description: 'Width times height; null: no videos' }),
    maxFrames: z.number().int().nullable(),
  }),
  synchronous: z
    .object({
      maxFileBytes: z.number().int(),
      maxImages: z.number().int().meta({ description: 'Images of one request' }),
      timeoutMs: z.number().int(),
    })
    .nullable()
    .meta({ description: 'Limits of `POST /api/inference/execute`; null: only jobs use it' }),
});

/** An installed network. */
export const model = z
  .object({
    id: z.string().meta({
      description: 'Name of its file or folder; if requests cannot use the name, `problem` says so',
    }),
    version: z.string(),
    task: z.string(),
    layout: z.enum(['folder', 'flat']),
    sha256: z.string(),
    bytes: z.number().int(),
    licence: z.string().nullable(),
    source: z.string().nullable(),
    classes: z.number().int().nullable(),
    preprocessing: z.string().nullable(),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    loaded: z.union([loadedModel, z.null()]),
    job_engines: z
      .number()
      .int()
      .meta({ description: 'Engines of queued jobs that keep it in memory for their next job' }),
    warm: z.boolean().meta({ description: 'Whether it is in memory, here or in an engine of queued jobs' }),
    device: z
      .enum(['cpu', 'cuda', 'webgpu'])
      .nullable()
      .meta({ description: 'Device of its loaded copies here' }),
    tasks: z
      .array(modelTask)
      .meta({ description: 'What it can be used for; empty for parts of other networks' }),
  })
  .meta({ id: 'Model' });
