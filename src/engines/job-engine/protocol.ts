import { z } from 'zod';
import type { JobProgress } from '../../domain/job.js';
import type { NetworkInMemory } from '../../domain/network.js';
import type { NetworkCall } from '../../networks/runtime/network-calls.js';
import { PRICE_UNITS } from '../../domain/money.js';
import { JPEG_DECODERS } from '../../domain/preprocessing.js';
import { processError, type ProcessError } from '../../errors/process-error.js';
import type { TaskResult } from '../../tasks/definition.js';
import { TASK_NAMES } from '../../tasks/index.js';

/** Request to run one job. It contains paths, never frames. */
export const runRequest = z.object({
  type: z.literal('run'),
  jobId: z.uuid(),
  task: z.enum(TASK_NAMES),
  plan: z.object({ input: z.record(z.string(), z.unknown()), media: z.record(z.string(), z.string()) }),
  params: z.record(z.string(), z.unknown()),
  mediaPaths: z.record(z.string(), z.string()),
  workspace: z.string(),
  modelsDirectory: z.string(),
  labelsDirectory: z.string().optional(),
  ffmpeg: z.object({ ffmpegPath: z.string(), ffprobePath: z.string(), version: z.string() }),
  power: z.object({ cpuWatts: z.number().positive(), carbonGramsPerKwh: z.number().positive() }),
  threads: z.number().int().min(1),
  modelTimeoutMs: z.number().int().min(1).optional(),
  jpegDecoder: z.enum(JPEG_DECODERS).optional(),
});
/** See {@link runRequest}. */
export type RunRequest = z.infer<typeof runRequest>;

/**
 * Messages of an engine to its worker. A `heartbeat` is sent every second while the event loop is not
 * blocked.
 */
export type FromEngine =
  | { readonly type: 'ready' }
  | {
      readonly type: 'heartbeat';
      readonly rssBytes: number;
      /** What the engine keeps in memory for its next jobs. */
      readonly networks: readonly NetworkInMemory[];
    }
  /** A network of the job begins or has ended something that cannot be interrupted. */
  | { readonly type: 'call'; readonly call: NetworkCall }
  | { readonly type: 'progress'; readonly progress: JobProgress }
  | { readonly type: 'done'; readonly result: TaskResult }
  | { readonly type: 'failed'; readonly error: ProcessError };

const usedDevice = z.enum(['cpu', 'cuda', 'webgpu']);
const networkInMemory = z.object({
  id: z.string(),
  version: z.string(),
  sha256: z.string(),
  device: usedDevice,
  bytes: z.number(),
});
const count = z.number().int().min(0);

const resultMedia = z.object({
  name: z.string().max(1000),
  kind: z.enum(['image', 'video']),
  type: z.string().max(40),
  bytes: count,
  offset: count,
  sha256: z.string().length(64),
});

const taskResult = z.object({
  json: z.record(z.string(), z.unknown()),
  zipPath: z.string(),
  media: z.array(resultMedia).optional(),
  units: z.partialRecord(z.enum(PRICE_UNITS), count),
  device: z.object({
    requested: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
    used: usedDevice,
    reason: z.string(),
    attempts: z.array(z.object({ device: usedDevice, ok: z.boolean(), reason: z.string() })),
  }),
  timings: z.record(z.string(), z.number()),
  energy: z.object({
    joules: z.number(),
    carbonGrams: z.number(),
    method: z.enum(['rapl', 'nvidia-smi', 'estimate']),
    figures: z.record(z.string(), z.number()),
  }),
  network: z.object({ id: z.string(), version: z.string(), sha256: z.string() }).nullable(),
});

/** Validates a message of an engine, which has processed untrusted files and may be of another version. */
export const fromEngineMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('heartbeat'), rssBytes: z.number(), networks: z.array(networkInMemory) }),
  z.object({
    type: z.literal('call'),
    call: z.object({ id: count, network: z.string().max(200), ended: z.boolean() }),
  }),
  z.object({
    type: z.literal('progress'),
    progress: z.object({
      done: z.number(),
      total: z.number(),
      percent: z.number().min(0).max(100),
      stage: z.string().max(100),
    }),
  }),
  z.object({ type: z.literal('done'), result: taskResult }),
  z.object({ type: z.literal('failed'), error: processError }),
]) satisfies z.ZodType<FromEngine>;
