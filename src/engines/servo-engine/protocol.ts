import { types } from 'node:util';
import { z } from 'zod';
import { handEyeFault } from '../../domain/hand-eye.js';
import { JPEG_DECODERS } from '../../domain/preprocessing.js';
import { DISTORTION_MODELS, FRAME_FORMATS, type FrameFormat } from '../../domain/servo.js';
import { processError } from '../../errors/process-error.js';

const MAX_SIDE = 100_000;
const positive = z.number().positive();
const count = z.number().int().min(0);
const side = z.number().int().min(1).max(MAX_SIDE);
const size = z.object({ width: side, height: side });
/** Far more than any camera, and than the API accepts; keeps sums finite. */
const moderate = z.number().min(-1e7).max(1e7);

const camera = z.object({
  intrinsics: z.object({ fx: positive.max(1e6), fy: positive.max(1e6), cx: moderate, cy: moderate }),
  size: size.nullable(),
  distortion: z
    .object({ model: z.enum(DISTORTION_MODELS), coefficients: z.array(moderate).max(8).readonly() })
    .nullable(),
});

const gain = z.union([
  positive.max(1000),
  z
    .object({ zero: positive.max(1000), infinity: positive.max(1000), slope: z.number().min(-1e6).max(1e6) })
    .refine(
      ({ zero, infinity, slope }) => slope * (zero - infinity) >= 0,
      'the gain must not grow without end',
    ),
]);

/** See `ServoSetup`. */
const servoSetup = z.object({
  detector: z.string().min(1).max(64),
  policy: z.enum(['cns', 'ibvs', 'pbvs']),
  camera: camera.nullable(),
  fieldOfView: positive.max(179).nullable(),
  goalDistance: positive.max(1000).nullable(),
  depthHint: positive.max(1000).nullable(),
  gain,
  limits: z.object({ linear: positive.max(1e6).nullable(), angular: positive.max(1e6).nullable() }),
  handEye: z
    .array(z.number())
    .superRefine((matrix, context) => {
      const message = handEyeFault(matrix);
      if (message !== null) context.addIssue({ code: 'custom', message });
    })
    .readonly()
    .nullable(),
  onWeak: z.enum(['use', 'null']),
  workingSize: z.number().int().min(16).max(4096),
  device: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
  strict: z.boolean(),
});

/** What an engine reads and which limits it keeps; the same for all its sessions. */
const surroundings = z.object({
  modelsDirectory: z.string(),
  ffmpeg: z.object({ ffmpegPath: z.string(), ffprobePath: z.string(), version: z.string() }),
  image: z.object({
    maxBytes: positive,
    maxPixels: positive,
    maxSide: positive,
    timeoutSeconds: z.number().int().min(1),
    jpegDecoder: z.enum(JPEG_DECODERS).optional(),
  }),
});
/** See {@link surroundings}. */
export type EngineSurroundings = z.infer<typeof surroundings>;

const floats = z.custom<Float32Array>(types.isFloat32Array, 'numbers of 32 bits');
const bits = z.custom<Uint8Array>(types.isUint8Array, 'bytes');

/** See `Features`. */
const features = z.object({
  count,
  points: floats,
  scores: floats,
  sizes: floats,
  angles: floats,
  descriptors: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('binary'), bytes: count, data: bits }),
    z.object({ kind: z.literal('float'), width: count, data: floats }),
  ]),
  patches: z.object({ bytes: count, data: bits }).optional(),
  sensitive: z.boolean().optional(),
});

/** Cluster of each of the goal's points. */
const labels = z.custom<Int32Array>(types.isInt32Array, 'numbers of 32 bits');

/** Features of a goal image as an engine found and grouped them; another engine then need not do so again. */
const knownGoal = z.object({ kind: z.literal('known'), size, features, labels });
/** See {@link knownGoal}. */
export type KnownGoal = z.infer<typeof knownGoal>;

/** The bytes of an image come along with the message. */
const goalSource = z.discriminatedUnion('kind', [
  knownGoal,
  z.object({ kind: z.literal('image') }),
  z.object({
    kind: z.literal('video'),
    path: z.string(),
    frame: count,
    video: z.object({
      width: side,
      height: side,
      frameCount: count,
      frameSource: z.enum(['packets', 'decoder']).nullish(),
    }),
  }),
]);

const isFormat = (name: string): name is FrameFormat => Object.hasOwn(FRAME_FORMATS, name);
const frame = z.object({
  format: z.enum(Object.keys(FRAME_FORMATS).filter(isFormat)),
  sequence: count.max(2 ** 32 - 1),
  captureTimeMicros: z.bigint(),
  size: z.object({ width: count, height: count }).nullable(),
  /** Whether the answer contains the matched points. */
  matches: z.boolean().optional(),
});

const id = z.number().int().min(1);

/** See `OptimisedGraph` of ONNX graphs. */
const graph = z.object({ sha256: z.string(), bytes: bits });
/** See {@link graph}. */
export type OptimisedGraph = z.infer<typeof graph>;
const graphs = z.array(graph).max(100);

/**
 * Parent to engine. `prepare` loads what a session like this needs, before there is one; `graphs` are what another engine
 * has recorded while it was prepared.
 */
export const toServoEngine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('graphs'), graphs }),
  z.object({ type: z.literal('prepare'), setup: servoSetup, surroundings }),
  z.object({
    type: z.literal('open'),
    id,
    setup: servoSetup,
    goal: goalSource,
    surroundings,
    goalImage: z.boolean().optional(),
  }),
  z.object({ type: z.literal('frame'), id, frame }),
  z.object({ type: z.literal('close'), id }),
]);
/** See {@link toServoEngine}. */
export type ToServoEngine = z.infer<typeof toServoEngine>;

const device = z.enum(['cpu', 'cuda', 'webgpu']);

/** See `ServoGoalReport`. */
const goalReport = z.object({
  width: side,
  height: side,
  keypoints: count,
  clusters: count,
  device: z.object({
    requested: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
    used: device,
    reason: z.string(),
    attempts: z.array(z.object({ device, ok: z.boolean(), reason: z.string() })).readonly(),
  }),
  network: z.object({ id: z.string(), version: z.string(), sha256: z.string() }).nullable(),
});

const number = z.number();
const velocity = z.tuple([number, number, number, number, number, number]).readonly().nullable();
const milliseconds = z.number().min(0);

/** A goal keeps fewer points than that. */
const MAX_POINTS = 4096;
const positions = z.custom<Float32Array>(
  (value) =>
    ArrayBuffer.isView(value) &&
    value.byteLength <= MAX_POINTS * 2 * Float32Array.BYTES_PER_ELEMENT &&
    Array.from(value as Float32Array).every((position) => Number.isFinite(position)),
);
const MAX_GOAL_IMAGE_BYTES = 64 * 2 ** 20;
const goalImage = z.custom<Uint8Array>(
  (value) => ArrayBuffer.isView(value) && value.byteLength <= MAX_GOAL_IMAGE_BYTES,
);

/** A session that was set up. */
const openedSession = z.object({ goal: goalReport, known: knownGoal, goalImage: goalImage.optional() });
/** See {@link openedSession}. */
export type OpenedSession = z.infer<typeof openedSession>;

/** See `ServoResult`. */
const servoResult = z.object({
  sequence: count,
  velocity,
  velocityTool: velocity,
  status: z.enum(['tracking', 'weak', 'lost', 'arrived']),
  reason: z.string().max(100).nullable(),
  keypoints: count,
  matches: count,
  inliers: count,
  featureError: z.number().min(0).nullable(),
  confidence: z.number().min(0).max(1),
  goalDistance: positive.optional(),
  timingsMs: z.object({
    decode: milliseconds,
    detect: milliseconds,
    match: milliseconds,
    network: milliseconds,
  }),
  matchedPoints: z.object({ width: side, height: side, goal: positions, current: positions }).optional(),
});

/** Engine to parent; parsed, since the engine has decoded users' images. Numbers must be finite. */
export const fromServoEngine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('heartbeat'), rssBytes: z.number() }),
  z.object({ type: z.literal('prepared'), graphs }),
  openedSession.extend({ type: z.literal('opened'), id }),
  z.object({ type: z.literal('answer'), id, result: servoResult }),
  z.object({ type: z.literal('closed'), id }),
  z.object({ type: z.literal('failed'), id, error: processError }),
]);
/** See {@link fromServoEngine}. */
export type FromServoEngine = z.infer<typeof fromServoEngine>;
