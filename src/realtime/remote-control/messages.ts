import { z } from 'zod';
import type { ErrorCode } from '../../errors/codes.js';
import { issueLines } from '../../errors/schema-issues.js';
import type { Presence } from '../../domain/realtime.js';
import type { JobProgressMessage } from './job-progress.js';

/** Name of the events by which devices control each other. */
export const CONTROL_EVENT = 'new_remote_control_event';

const SPEEDS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

/** Controls without a value of their own. */
const PLAIN_CONTROLS = [
  'playing',
  'play',
  'pause',
  'play_dream',
  'play_playlist',
  'reset_playlist',
  'next',
  'previous',
  'forward',
  'backward',
  'playback_slower',
  'playback_faster',
  ...SPEEDS.map((speed) => `set_speed_${speed}` as const),
  'brighter',
  'darker',
  'like',
  'dislike',
  'like_current_dream',
  'dislike_current_dream',
  'repeat',
  'shuffle',
  'toggle_repeat',
  'toggle_shuffle',
  'fullscreen',
  'credit',
  'web',
  'help',
  'status',
  'capture',
  'report',
] as const;
const MAX_AMOUNT = 1e9;
/**
 * Controls that require a number, with its range. `seek` is a position: `forward` and `backward` are relative. A player shows
 * nothing backwards, and its speed 0 is `pause`.
 */
const VALUE_RANGES = {
  seek: { min: 0, max: MAX_AMOUNT },
  speed: { min: 0.01, max: 100 },
  brightness: { min: -MAX_AMOUNT, max: MAX_AMOUNT },
} as const;
type ValueControl = keyof typeof VALUE_RANGES;
const VALUE_CONTROLS = Object.keys(VALUE_RANGES) as ValueControl[];

const amount = z.number().min(-MAX_AMOUNT).max(MAX_AMOUNT);
const seconds = z.number().min(0).max(MAX_AMOUNT);
const index = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const controlEvent = z
  .strictObject({
    event: z.enum([...PLAIN_CONTROLS, ...VALUE_CONTROLS]),
    /** Name of what is played. */
    name: z.string().max(500).nullable().optional(),
    uuid: z.uuid().optional(),
    id: index.optional(),
    /** The key that was pressed. */
    key: z.string().max(32).optional(),
    frameNumber: index.optional(),
    isWebClientEvent: z.boolean().optional(),
    /** Seconds for `seek`, factor for `speed`, any scale for `brightness`. */
    value: amount.optional(),
    /** Playback state that goes with `status`. */
    currentTime: seconds.optional(),
    duration: seconds.optional(),
    paused: z.boolean().optional(),
    fps: seconds.optional(),
  })
  .superRefine(({ event, value, frameNumber }, context) => {
    const control = VALUE_CONTROLS.find((name) => name === event);
    if (control === undefined) return;
    const { min, max } = VALUE_RANGES[control];
    const problem = (message: string) => context.addIssue({ code: 'custom', path: ['value'], message });
    if (value === undefined) {
      if (control !== 'seek' || frameNumber === undefined) problem(`is required for ${control}`);
    } else if (value < min || value > max) {
      problem(`must be from ${min} to ${max} for ${control}`);
    }
  });

const stateField = z.union([z.string().max(500), z.number(), z.boolean(), z.null()]);
/** Playback state of a player; published clients send texts such as `timecode: "12.5"`. */
const playerState = z
  .record(z.string().max(64), stateField)
  .refine((state) => Object.keys(state).length <= 32, 'must have at most 32 fields');

const jobRoom = z.union([z.uuid(), z.strictObject({ jobId: z.uuid() }).transform(({ jobId }) => jobId)]);

/** Messages of clients: the event's name, and its first argument as `data`. */
const clientMessage = z.discriminatedUnion('name', [
  z.object({ name: z.literal(CONTROL_EVENT), data: controlEvent }),
  z.object({ name: z.literal('ping'), data: z.unknown() }),
  z.object({ name: z.literal('goodbye'), data: z.unknown() }),
  z.object({ name: z.literal('web_client_status'), data: z.strictObject({ active: z.boolean() }) }),
  z.object({ name: z.literal('state_sync'), data: playerState }),
  z.object({ name: z.literal('join_job_room'), data: jobRoom }),
  z.object({ name: z.literal('leave_job_room'), data: jobRoom }),
]);
/** See {@link clientMessage}. */
export type ClientMessage = z.infer<typeof clientMessage>;

/** Names that published clients use, by the name they stand for. */
const ALIASES: Readonly<Record<string, ClientMessage['name']>> = {
  join_dream_room: 'join_job_room',
  leave_dream_room: 'leave_job_room',
};
const NAMES: ReadonlySet<unknown> = new Set(clientMessage.options.map(({ shape }) => shape.name.value));
/** Maximum length of an error text, because it may quote names of any length from the client's message. */
const MAX_PROBLEM_LENGTH = 300;

/** A validated message, or one sentence about what is wrong with it. */
export type ReadMessage = { readonly message: ClientMessage } | { readonly problem: string };

/** Validates an event with its first argument. Only the first problem is reported. */
export function readMessage(event: unknown, data: unknown): ReadMessage {
  const name = typeof event === 'string' && Object.hasOwn(ALIASES, event) ? ALIASES[event] : event;
  if (!NAMES.has(name)) return { problem: `Unknown event ${String(event)}.`.slice(0, MAX_PROBLEM_LENGTH) };
  const input = { name, data };
  const parsed = clientMessage.safeParse(input);
  if (parsed.success) return { message: parsed.data };
  const [first] = issueLines(parsed.error, input);
  return {
    problem: `The data of ${String(name)} is not valid. ${first.replace(/^data[.:] */, '')}`.slice(
      0,
      MAX_PROBLEM_LENGTH,
    ),
  };
}

/** Error that the server sends; `event` is the one it answers. */
export interface RemoteError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly event?: string;
}

/** Events that the server sends. */
export interface ServerEvents {
  [CONTROL_EVENT](event: z.infer<typeof controlEvent>): void;
  ping(): void;
  goodbye(): void;
  client_presence(presence: Presence): void;
  state_sync(state: z.infer<typeof playerState>): void;
  'job:progress'(progress: JobProgressMessage): void;
  quota_update(quota: object): void;
  notification(notification: { readonly message: string }): void;
  error(error: RemoteError): void;
  /** The same as `error`, as published clients expect it for invalid data. */
  'Validation error'(error: { readonly error: string }): void;
}

/** The answer to a message that asks for an acknowledgement. */
export type Acknowledgement = { readonly ok: true } | { readonly ok: false; readonly error: RemoteError };
