import type { HeaderList, WebhookResponse } from './webhook-delivery.js';

/** Maximum number of characters of a URL of a server of a user. */
export const MAX_OUTBOUND_URL_LENGTH = 2048;

/** A message to a server of a user. */
export interface OutboundPost {
  readonly url: string;
  readonly headers: HeaderList;
  readonly body: string;
  readonly signal?: AbortSignal;
}

/** What became of a message: the response, or why there is none. */
export type OutboundResult =
  | { readonly response: WebhookResponse; readonly retryAfterSeconds?: number }
  | { readonly error: { readonly code: string; readonly message: string } };

/** Sends messages to servers of users, within limits of time and size. */
export interface OutboundClient {
  /** Never throws. */
  post(message: OutboundPost): Promise<OutboundResult>;
  close(): Promise<void>;
}
