import { z } from 'zod';
import { RECORDING_STOPS, SERVO_END_REASONS, SERVO_SESSION_STATUSES } from '../domain/servo-session.js';
import { credits, id, timestamp } from './common.schema.js';

const network = z.object({ id: z.string(), version: z.string(), sha256: z.string() });
const deviceUsed = z.enum(['cpu', 'cuda', 'webgpu']);

/** States of a session. */
export const servoSessionStatus = z.enum(SERVO_SESSION_STATUSES).meta({ id: 'ServoSessionStatus' });

/** A session as the API shows it. */
export const servoSession = z
  .object({
    id,
    status: servoSessionStatus,
    endReason: z.enum(SERVO_END_REASONS).nullable(),
    streamUrl: z.string().meta({ description: 'WebSocket that takes frames and sends velocities' }),
    framesUrl: z.string().meta({ description: 'Takes single frames by POST' }),
    eventsUrl: z.string().meta({ description: 'Server-sent events for those who watch' }),
    instanceUrl: z.string().meta({ description: 'The api instance that it lives on' }),
    goal: z.object({
      width: z.number().int(),
      height: z.number().int(),
      keypoints: z.number().int(),
      clusters: z.number().int(),
      source: z.union([z.object({ sha256: z.string() }), z.object({ mediaId: id, frame: z.number().int() })]),
    }),
    parameters: z.record(z.string(), z.unknown()).meta({ description: 'What it computes with' }),
    device: z.object({
      requested: z.enum(['auto', 'cpu', 'cuda', 'webgpu']),
      used: deviceUsed,
      reason: z.string(),
    }),
    model: network.nullable(),
    frames: z.object({
      answered: z.number().int(),
      skipped: z.number().int(),
      max: z.number().int(),
    }),
    record: z.boolean(),
    recordStopped: z.enum(RECORDING_STOPS).nullable().meta({
      description:
        'Why the recording stopped before the session: `SERVO_RECORD_MAX_MB` (`size`), the storage that was left to the account (`quota`), 100 000 frames, or a disk that could not be written',
    }),
    jobId: id.nullable().meta({
      description:
        'The job that a recorded session ended as; null before the end, and without answered frames',
    }),
    restarts: z.number().int().meta({ description: 'Engines that were replaced' }),
    idleTimeout: z.number().meta({ description: 'Seconds without a frame after which the session ends' }),
    watchdogMs: z.number().int(),
    cost: z.object({
      quoted: credits.meta({ description: 'Credits that were held when the session was opened' }),
      held: credits.meta({ description: 'Credits that are held now; 0 when it is over' }),
      captured: credits.meta({ description: 'Credits for the frames that were answered, once it is over' }),
      pricePreset: z.string(),
      priceVersion: z.number().int(),
    }),
    createdAt: timestamp,
    endedAt: timestamp.nullable(),
  })
  .meta({ id: 'ServoSession' });

/** `{session}`, as routes about one session answer. */
export const oneServoSession = z.object({ session: servoSession }).meta({ id: 'ServoSessionAnswer' });

/** One page of sessions. */
export const servoSessionPage = z
  .object({ data: z.array(servoSession), nextCursor: z.string().nullable(), hasMore: z.boolean() })
  .meta({ id: 'ServoSessionPage' });

const velocity = z.array(z.number()).length(6);

/** What is said of one frame. */
export const servoVelocity = z
  .object({
    type: z.literal('velocity'),
    seq: z.number().int(),
    captureTimeUs: z.string(),
    velocity: velocity.meta({
      description:
        '`[vx, vy, vz, wx, wy, wz]` in the frame of the camera, m/s and rad/s; zeros when the goal is lost',
    }),
    velocityTool: velocity.nullable(),
    status: z.enum(['tracking', 'weak', 'lost', 'arrived']),
    reason: z.string().nullable(),
    keypoints: z.number().int(),
    matches: z.number().int(),
    inliers: z.number().int(),
    error: z.number().nullable().meta({ description: 'Mean distance of the points to their goal' }),
    confidence: z.number(),
    timingsMs: z.object({
      queue: z.number(),
      decode: z.number(),
      detect: z.number(),
      match: z.number(),
      network: z.number(),
      total: z.number(),
    }),
    skipped: z
      .array(z.array(z.number().int()).length(2))
      .meta({ description: 'Frames left out for newer ones since the last answer, as ranges `[from, to]`' }),
  })
  .meta({ id: 'ServoVelocity' });
