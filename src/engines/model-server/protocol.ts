import { z } from 'zod';
import type { DetectOptions } from '../../domain/detection.js';
import type {
  Classification,
  ClassifyOptions,
  ClassifySource,
  ImageDetections,
  ImageSource,
} from '../../domain/network.js';
import type { Tensor, TensorType } from '../../domain/tensor.js';
import type { OpenRequest } from '../../networks/open/open-network.js';
import type { ImageLimits } from '../../media/image-decoder.js';
import { processError } from '../../errors/process-error.js';

/** The network that an engine opens once, at its start. */
export interface LoadRequest extends OpenRequest {
  readonly image: ImageLimits;
}

/** A request to the engine. */
export type NetworkWork =
  | { readonly kind: 'classify'; readonly source: ClassifySource; readonly options: ClassifyOptions }
  | { readonly kind: 'detect'; readonly source: ImageSource; readonly options: DetectOptions }
  | {
      readonly kind: 'infer';
      readonly feeds: Readonly<Record<string, Tensor>>;
      readonly outputs?: readonly string[];
    };

/** The engine's answer to a {@link NetworkWork}. */
export type NetworkAnswer =
  | { readonly kind: 'classify'; readonly classification: Omit<Classification, 'network'> }
  | { readonly kind: 'detect'; readonly found: Omit<ImageDetections, 'network'> }
  | { readonly kind: 'infer'; readonly outputs: Readonly<Record<string, Tensor>> };

/** Messages from parent to engine. They come from our own code, so they are not validated again. */
export type ToModelServer =
  | { readonly type: 'load'; readonly request: LoadRequest }
  | { readonly type: 'work'; readonly id: number; readonly work: NetworkWork }
  | { readonly type: 'cancel'; readonly id: number };

/** Splits a message into its head and its image bytes, so that the bytes are copied as rarely as possible. */
export function split(message: ToModelServer): {
  readonly head: ToModelServer;
  readonly bytes?: Uint8Array;
} {
  const source = imageOf(message);
  if (!source || message.type !== 'work') return { head: message };
  const work = { ...message.work, source: { ...source, bytes: NOTHING } };
  return { head: { ...message, work }, bytes: source.bytes };
}

/** Reassembles the message that {@link split} produced. */
export function join(head: ToModelServer, bytes: Uint8Array): ToModelServer {
  const source = imageOf(head);
  if (!source || head.type !== 'work') return head;
  return { ...head, work: { ...head.work, source: { ...source, bytes } } } as ToModelServer;
}

const NOTHING = new Uint8Array(0);

function imageOf(message: ToModelServer) {
  if (message.type !== 'work' || message.work.kind === 'infer') return null;
  return message.work.source.kind === 'image' ? message.work.source : null;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Record<TensorType, unknown>;

const DTYPES = Object.keys(ARRAYS).filter((name): name is TensorType => name in ARRAYS);

const tensor = z.custom<Tensor>((value) => {
  if (typeof value !== 'object' || value === null || !('dtype' in value) || !('data' in value)) return false;
  const dtype = DTYPES.find((name) => name === value.dtype);
  return dtype !== undefined && value.data instanceof ARRAYS[dtype] && 'dims' in value;
}, 'is not a tensor');

const milliseconds = z.number().min(0);

const image = z
  .object({ width: z.number(), height: z.number(), format: z.string(), warnings: z.array(z.string()) })
  .nullable();

const timings = z.object({
  queueMs: milliseconds,
  decodeMs: milliseconds,
  preprocessMs: milliseconds,
  inferenceMs: milliseconds,
  postprocessMs: milliseconds,
});

const found = z.object({
  detections: z.array(
    z.object({
      label: z.string(),
      labelIndex: z.number().int(),
      score: z.number().min(0).max(1),
      box: z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
    }),
  ),
  image,
  timings,
  batchSize: z.number().int().min(1),
});

const classification = z.object({
  predictions: z.array(z.object({ label: z.string(), index: z.number().int(), probability: z.number() })),
  entropy: z.number(),
  margin: z.number(),
  classes: z.number().int(),
  scores: z.array(z.number()).optional(),
  image,
  timings,
  batchSize: z.number().int().min(1),
});

const tensorInfo = z.object({
  name: z.string(),
  dtype: z.string(),
  dims: z.array(z.union([z.number(), z.string()])),
});

const device = z.enum(['cpu', 'cuda', 'webgpu']);

/** Facts about an opened network, reported by the engine. */
const loadedFacts = z.object({
  inputs: z.array(tensorInfo),
  outputs: z.array(tensorInfo),
  maxBatch: z.number().int().min(1),
  device: z.object({
    requested: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
    used: device,
    reason: z.string(),
    attempts: z.array(z.object({ device, ok: z.boolean(), reason: z.string() })),
  }),
  rssBytes: z.number(),
});
/** See {@link loadedFacts}. */
export type LoadedFacts = z.infer<typeof loadedFacts>;

/**
 * Messages from engine to parent; validated, because the engine has processed untrusted files. `started`
 * lists the requests whose run has begun, `decoding` one whose image is being decoded. Both can only be
 * stopped by ending the process.
 */
export const fromModelServer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('heartbeat'), rssBytes: z.number() }),
  z.object({ type: z.literal('loaded'), facts: loadedFacts }),
  z.object({ type: z.literal('decoding'), id: z.number().int(), ended: z.boolean() }),
  z.object({ type: z.literal('started'), ids: z.array(z.number().int()) }),
  z.object({
    type: z.literal('done'),
    id: z.number().int(),
    answer: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('classify'), classification }),
      z.object({ kind: z.literal('detect'), found }),
      z.object({ kind: z.literal('infer'), outputs: z.record(z.string(), tensor) }),
    ]),
  }),
  // Without `id` the load failed.
  z.object({ type: z.literal('failed'), id: z.number().int().optional(), error: processError }),
]);
/** See {@link fromModelServer}. */
export type FromModelServer = z.infer<typeof fromModelServer>;
