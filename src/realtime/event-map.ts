import { z } from 'zod';
import { credentialOf, type Credential } from '../domain/credential.js';
import type { ErrorCode } from '../errors/codes.js';
import type { JobEventPayloads, JobEventType } from '../domain/job-event.js';
import type { JobStatus } from '../domain/job.js';

/** Sign-in over a socket: an access token, an API key or a ticket, in a field of its own or as token. */
export const authenticateMessage = z
  .strictObject({
    type: z.literal('authenticate'),
    token: z.string().min(1).max(8192).optional(),
    apiKey: z.string().min(1).max(512).optional(),
    ticket: z.string().min(1).max(512).optional(),
  })
  .refine(
    (given) => [given.token, given.apiKey, given.ticket].filter((text) => text !== undefined).length === 1,
    {
      error: 'Send one of token, apiKey and ticket.',
    },
  );

/** The credential in a message. */
export function credentialIn({ token, apiKey, ticket }: z.infer<typeof authenticateMessage>): Credential {
  if (ticket !== undefined) return { kind: 'ticket', ticket };
  return apiKey === undefined ? credentialOf(token ?? '') : { kind: 'apiKey', key: apiKey };
}

/** Messages that a client may send over the WebSocket. */
export const clientMessage = z.discriminatedUnion('type', [
  authenticateMessage,
  z.strictObject({ type: z.literal('ping') }),
  z.strictObject({
    type: z.literal('subscribe'),
    jobId: z.uuid(),
    since: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  }),
  z.strictObject({ type: z.literal('unsubscribe'), jobId: z.uuid() }),
]);
/** See {@link clientMessage}. */
export type ClientMessage = z.infer<typeof clientMessage>;

/** Payload of every message that the server sends, by `type`. */
export interface ServerMessages {
  readonly connection: { readonly message: string; readonly connectionId: string };
  /** `expiresAt` is null for an API key that does not expire. */
  readonly authenticated: {
    readonly message: string;
    readonly userId: string;
    readonly expiresAt: string | null;
  };
  readonly error: { readonly message: string; readonly code: ErrorCode; readonly jobId?: string };
  readonly pong: { readonly timestamp: string };
  /** A status change of one of the user's jobs, or a test message. */
  readonly notification: {
    readonly inferenceId?: string;
    readonly status?: JobStatus;
    readonly result?: { readonly json: string; readonly zip: string };
    readonly errorMessage?: string;
    readonly message?: string;
  };
  /** State of a job when the client subscribes; events with a greater `seq` follow. */
  readonly snapshot: { readonly jobId: string; readonly seq: number; readonly job: unknown };
  readonly unsubscribed: { readonly jobId: string };
  /** One event of a followed job. */
  readonly event: {
    [Type in JobEventType]: {
      readonly jobId: string;
      readonly seq: number;
      readonly event: Type;
      readonly payload: JobEventPayloads[Type];
      readonly createdAt: string;
    };
  }[JobEventType];
}

/** Type of a server message. */
export type ServerMessageType = keyof ServerMessages;

/** Encodes a server message as JSON. */
export function encode<Type extends ServerMessageType>(type: Type, payload: ServerMessages[Type]): string {
  return JSON.stringify({ type, ...payload });
}

/**
 * Close codes: clients of the compatibility routes expect 1008 for an invalid token; 44xx are private codes.
 */
export const CLOSE_CODES = {
  goingAway: 1001,
  unsupportedData: 1003,
  badToken: 1008,
  notAuthenticated: 4401,
  flood: 4429,
} as const;
