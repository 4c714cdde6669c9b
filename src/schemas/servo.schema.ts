import { z } from 'zod';
import { MAX_CAMERA_INFO_CHARACTERS, MAX_WAIT_SECONDS } from '../domain/limits.js';
import { FRAME_MEDIA_TYPES } from '../domain/servo-frame.js';
import { IMAGE_MAX_BYTES } from './classification.schema.js';
import { flag, id, idParams, pageQuery, quoteResponse, repeated } from './common.schema.js';
import { operation } from './operation.js';
import { bytes, json, type ImageForm } from './request-body.js';
import {
  oneServoSession,
  servoSessionPage,
  servoSessionStatus,
  servoVelocity,
} from './servo-answer.schema.js';
import { checkServoSetup, servoSetupFields } from './servo-setup.schema.js';

const TAG = 'Live servoing';
const GOAL_TEXT_BYTES = Math.ceil((IMAGE_MAX_BYTES * 4) / 3) + 64 * 1024;
/** A calibration in UTF-8, the longest text field. */
const FORM_TEXT_BYTES = 4 * MAX_CAMERA_INFO_CHARACTERS;
/** Bytes of a frame that comes by POST, whatever `SERVO_FRAME_MAX_MB` is. */
const FRAME_LIMIT_BYTES = 64 * 2 ** 20;

const goalImage = z.strictObject({
  image: z.string().min(1).meta({
    description: 'A data URL (`data:image/jpeg;base64,…`) or bare base64 of an image of at most 10 MB',
  }),
});
const goalMedia = z.strictObject({
  mediaId: id.meta({ description: "An image or a video in one of the caller's datasets" }),
  frame: z
    .number()
    .int()
    .min(0)
    .max(2_147_483_647)
    .optional()
    .meta({ description: 'Frame of the video that shows the goal; its last one when left out' }),
});
const goalSession = z.strictObject({
  sessionId: id.meta({ description: 'A session of the caller whose goal is used again' }),
});

/** Where the goal is. */
const servoGoal = z.union([goalImage, goalMedia, goalSession]).meta({ id: 'ServoGoal' });

const sessionFields = {
  ...servoSetupFields,
  idleTimeout: z
    .number()
    .min(1)
    .max(3600)
    .default(60)
    .meta({ description: 'Seconds without a frame after which the session ends' }),
  watchdogMs: z
    .number()
    .int()
    .min(20)
    .max(60_000)
    .default(500)
    .meta({ description: 'Milliseconds without a frame after which a zero velocity is sent, once' }),
  maxFrames: z
    .number()
    .int()
    .min(1)
    .max(1_000_000)
    .default(1000)
    .meta({ description: 'Frames that are answered at most; their price is held while the session lives' }),
  record: z.boolean().default(false).meta({
    description:
      'Whether the session ends as a job of task `servo` with JSON, CSV, plot, preview video and ZIP, named by `jobId`. The job costs nothing.',
  }),
};

const openBody = z
  .strictObject({ goal: servoGoal.optional(), ...sessionFields })
  .superRefine(checkServoSetup)
  .meta({
    id: 'OpenServoSession',
    description: '`goal` is required; in a form it may be a file.',
    example: {
      goal: { mediaId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c', frame: 60 },
      detector: 'ORB',
      goalDistance: 0.7,
      limits: { linear: 0.5, angular: 1 },
      maxFrames: 500,
    },
  });

/** Without an example Swagger UI would make up a value for a field that may be left empty, and send it. */
const asText = (field: z.ZodType): z.ZodType => field.meta({ ...field.meta(), example: '' });

/** The same as a form: every field as text, structured ones as JSON, and the goal as a file or as JSON. */
const openForm: ImageForm = {
  texts: z.object({}),
  values: z.object({
    goal: servoGoal.optional(),
    ...Object.fromEntries(
      Object.entries(sessionFields).map(([name, field]) => [name, asText(field.optional())]),
    ),
  }),
  fileField: 'goal',
  maxImages: 1,
  textBytes: FORM_TEXT_BYTES,
};

const openQuery = z.strictObject({
  dryRun: flag.optional().meta({
    description:
      'Check the fields and that the goal exists, and quote the price by the same code that charges; nothing is done',
  }),
  wait: z.coerce
    .number()
    .min(0)
    .max(MAX_WAIT_SECONDS)
    .default(0)
    .meta({ description: 'Seconds to wait in line for an engine; without it, 503 when none is free' }),
});

const frameQuery = z.strictObject({
  seq: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .optional()
    .meta({
      description: 'Sequence number of an image that comes without a header; counted from 0 when left out',
    }),
  captureTimeUs: z
    .string()
    // Aborts, because the next check can only read a whole number.
    .regex(/^\d{1,20}$/, { error: 'must be microseconds as a whole number', abort: true })
    .refine((text) => BigInt(text) < 2n ** 64n, 'must be below 2^64')
    .optional()
    .meta({ description: 'Capture time of an image that comes without a header, in microseconds' }),
});

/** The answer of a route that only the instance of the session can serve. */
const elsewhere = {
  status: 307,
  description: 'The session lives on another instance, whose address is in `Location`',
  headers: { Location: 'The same route on the instance of the session' },
};

/** Live servoing: sessions and their frames. */
export const servoOperations = {
  open: operation({
    method: 'post',
    path: '/api/servo/sessions',
    operationId: 'openServoSession',
    summary: 'Open a session of live servoing',
    description:
      'Sets up the goal and holds the price of `maxFrames` frames. Frames go to `streamUrl` (WebSocket) or `framesUrl`; each that is answered is charged when the session ends.',
    tag: TAG,
    access: 'user',
    scope: 'servo',
    query: openQuery,
    body: json(openBody, { limitBytes: GOAL_TEXT_BYTES, longTexts: ['image'], form: openForm }),
    idempotent: true,
    responses: [
      { status: 200, description: 'With `dryRun=true` the price', schema: quoteResponse },
      {
        status: 201,
        description: 'The session',
        schema: oneServoSession,
        headers: { Location: 'Path of the session' },
      },
    ],
    errors: [404, 410, 413, 415, 422, 503, 504, 507],
  }),
  list: operation({
    method: 'get',
    path: '/api/servo/sessions',
    operationId: 'listServoSessions',
    summary: "The caller's sessions, newest first",
    description: 'Cursor paging; the `Link` header holds the next page.',
    tag: TAG,
    access: 'user',
    scope: 'servo',
    query: z.strictObject({ ...pageQuery, status: repeated(servoSessionStatus).optional() }),
    responses: [{ status: 200, description: 'One page of sessions', schema: servoSessionPage }],
  }),
  get: operation({
    method: 'get',
    path: '/api/servo/sessions/:id',
    operationId: 'getServoSession',
    summary: 'One session',
    tag: TAG,
    access: 'user',
    scope: 'servo',
    params: idParams,
    responses: [{ status: 200, description: 'The session', schema: oneServoSession }],
    errors: [404],
  }),
  close: operation({
    method: 'delete',
    path: '/api/servo/sessions/:id',
    operationId: 'closeServoSession',
    summary: 'End a session',
    description: 'Charges the frames that were answered and releases the rest. May be repeated.',
    tag: TAG,
    access: 'user',
    scope: 'servo',
    params: idParams,
    responses: [
      { status: 200, description: 'The ended session with what was captured', schema: oneServoSession },
      elsewhere,
    ],
    errors: [404, 410, 503],
  }),
  step: operation({
    method: 'post',
    path: '/api/servo/sessions/:id/frames',
    operationId: 'sendServoFrame',
    summary: 'Send one frame and get its velocity',
    description:
      'A binary message as the stream takes it (`application/octet-stream`), or an image. One frame is computed at a time; of those that wait only the newest is kept, the others answer 409.',
    tag: TAG,
    access: 'user',
    scope: 'servo',
    params: idParams,
    query: frameQuery,
    body: bytes(['application/octet-stream', ...Object.keys(FRAME_MEDIA_TYPES)], FRAME_LIMIT_BYTES),
    responses: [{ status: 200, description: 'What is said of the frame', schema: servoVelocity }, elsewhere],
    errors: [404, 409, 410, 422, 503, 504],
  }),
  watch: operation({
    method: 'get',
    path: '/api/servo/sessions/:id/events',
    operationId: 'watchServoSession',
    summary: 'Watch a session as server-sent events',
    description:
      'First `session`, then an event for each message of the stream: `velocity`, `timeout`, `interrupted`, `resumed`, `skipped`, and `ended` as the last one. ' +
      'Events are not kept: one that reads too slowly misses some. An account may have 50 open event streams, of jobs and sessions together.',
    tag: TAG,
    access: 'user',
    scope: 'servo',
    params: idParams,
    responses: [
      { status: 200, description: 'The event stream', contentType: 'text/event-stream' },
      elsewhere,
    ],
    errors: [404, 410],
  }),
};
