import sharp from 'sharp';
import type { Velocity, VelocityMessage } from '../../clients/typescript/src/index.js';
import { integrateVelocity, type Pose } from '../../src/vision/geometry/pose.js';
import { poseError } from '../../src/vision/servoing/reference-law.js';
import type { CameraModel } from '../render/rasteriser.js';
import type { DemoStart } from './start-poses.js';

/** The fields of an answer that the demo uses, common to both clients. */
export interface DriveAnswer {
  readonly velocity: Velocity;
  readonly status: string;
  readonly inliers: number;
  readonly matches: number;
  readonly confidence: number;
  readonly timingsMs: VelocityMessage['timingsMs'];
}

/** A session on its way: a frame in, its answer out. */
export interface FrameExchange {
  /** Resolves with null where this frame gets no answer, so that the next one is to be sent. */
  ask(jpeg: Uint8Array, captureTimeMicros: bigint): Promise<DriveAnswer | null>;
  /** Ends the session. */
  close(): Promise<void>;
}

/** Opens a session for a goal image (JPEG). */
export type OpenExchange = (goal: Uint8Array, start: DemoStart) => Promise<FrameExchange>;

/** One frame of a run. */
export interface DriveFrame {
  readonly index: number;
  readonly answer: DriveAnswer | null;
  /** What was left when the frame was taken. */
  readonly millimetres: number;
  readonly degrees: number;
  /** Milliseconds from handing over the frame to its answer. */
  readonly roundTripMs: number;
}

/** How a run ended. */
export interface DriveEnd {
  readonly arrived: boolean;
  readonly millimetres: number;
  readonly degrees: number;
  readonly frames: number;
  readonly lost: number;
  /** Of each frame that was answered. */
  readonly times: readonly FrameTimes[];
}

/** Milliseconds of one frame: the server's stages, and from handing the frame over to its answer. */
export type FrameTimes = VelocityMessage['timingsMs'] & { readonly roundTrip: number };

/** How a run is done. */
export interface DriveOptions {
  readonly model: CameraModel;
  readonly open: OpenExchange;
  readonly framesPerSecond: number;
  readonly onFrame: (frame: DriveFrame) => void;
  readonly signal: AbortSignal;
}

/** Seconds of the camera's time after which a run has failed. */
export const MAX_SECONDS = 12;
/** How long the camera is held at the goal before it is measured. */
const HOLD_SECONDS = 1;
/** A camera that the server says has arrived must be within these. */
const ARRIVED = { millimetres: 10, degrees: 1 };
const JPEG_QUALITY = 92;

/** Photographs of the scene as JPEG. */
function encodeJpeg(rgb: Uint8Array, { width, height }: CameraModel): Promise<Uint8Array> {
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

/** What is left of the way. */
function left(goal: Pose, pose: Pose): { millimetres: number; degrees: number } {
  const { metres, degrees } = poseError(goal, pose);
  return { millimetres: 1000 * metres, degrees };
}

/**
 * The closed loop: a photograph goes out, a velocity comes back and moves the camera for the time of one frame, until the
 * server says that the goal is reached and the camera was held there for a second.
 */
export async function drive(start: DemoStart, options: DriveOptions): Promise<DriveEnd> {
  const { model, framesPerSecond, signal, onFrame } = options;
  const seconds = 1 / framesPerSecond;
  const exchange = await options.open(await encodeJpeg(start.camera.photograph(start.goal), model), start);
  let pose = start.start;
  const times: FrameTimes[] = [];
  let [index, held, lost] = [0, 0, 0];
  try {
    for (; index < MAX_SECONDS * framesPerSecond && held <= HOLD_SECONDS * framesPerSecond; index++) {
      signal.throwIfAborted();
      const jpeg = await encodeJpeg(start.camera.photograph(pose), model);
      const askedAt = performance.now();
      const answer = await exchange.ask(jpeg, BigInt(Math.round(1e6 * index * seconds)));
      const roundTripMs = performance.now() - askedAt;
      onFrame({ index, answer, ...left(start.goal, pose), roundTripMs });
      if (answer === null) continue;
      times.push({ ...answer.timingsMs, roundTrip: roundTripMs });
      held = answer.status === 'arrived' ? held + 1 : 0;
      if (answer.status === 'lost') lost += 1;
      pose = integrateVelocity(pose, answer.velocity, seconds);
    }
  } finally {
    await exchange.close();
  }
  const { millimetres, degrees } = left(start.goal, pose);
  const arrived = held > 0 && millimetres <= ARRIVED.millimetres && degrees <= ARRIVED.degrees;
  return { arrived, millimetres, degrees, frames: index, lost, times };
}
