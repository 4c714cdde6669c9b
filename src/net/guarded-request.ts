import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isAllowedAddress, type AddressPolicy } from './outbound-address.js';
import { AddressRefused, guardedLookup, type ResolveHost } from './resolve-host.js';

/** How connections to servers of users' choice are made. */
export interface GuardedConnections extends AddressPolicy {
  readonly resolve: ResolveHost;
  /** Time for the connection; {@link idleMs} by default. */
  readonly connectMs?: number;
  /** Longest silence of the server: before the head of its answer, and between two parts of the body. */
  readonly idleMs: number;
}

/** A request to a URL that has been judged by `outboundUrlProblem`. */
export interface GuardedRequest {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

/** An answer whose body has not been read. */
export interface GuardedResponse extends Pick<IncomingMessage, 'headers'> {
  readonly status: number;
  readonly body: IncomingMessage;
  /** Closes the connection. */
  close(): void;
}

const HEAD_BYTES = 16 * 1024;
/** The parser of Node.js accepts any three digits; below 200 it handles what precedes an answer itself. */
const MIN_STATUS = 200;
const MAX_STATUS = 599;
/** Pause before the next address of a host is tried as well. */
const NEXT_ADDRESS_MS = 1_000;

/**
 * Sends a request on a connection of its own, to an address that is judged when the connection is made. Whatever the
 * server sends or closes, at whatever time, is an error of this request or of its body, never one outside of them.
 */
export function guardedRequest(
  url: string,
  { method, headers, body, signal }: GuardedRequest,
  { resolve: lookUp, idleMs, connectMs = idleMs, ...policy }: GuardedConnections,
): Promise<GuardedResponse> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers,
      signal,
      agent: false,
      lookup: guardedLookup(lookUp, policy),
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      maxHeaderSize: HEAD_BYTES,
      timeout: connectMs,
      // Explicit, because an environment variable would otherwise turn it off for the whole process.
      rejectUnauthorized: true,
    };
    const message = send(target, options);
    // Stays, so that a late error of the connection cannot end the process.
    message.on('error', reject);
    // After an answer that changes the protocol no other event follows.
    message.once('close', () =>
      reject(new ConnectionFailed('The server closed the connection before it responded.', 'ECONNRESET')),
    );
    message.on('timeout', () =>
      message.destroy(new ConnectionFailed('The server sends nothing.', 'ETIMEDOUT')),
    );
    message.once('socket', (socket) =>
      socket.once('connect', () => {
        if (isAllowedAddress(socket.remoteAddress ?? '', policy)) socket.setTimeout(idleMs);
        else message.destroy(new AddressRefused());
      }),
    );
    message.once('response', (response) => {
      response.on('error', () => undefined);
      const status = response.statusCode ?? 0;
      if (status < MIN_STATUS || status > MAX_STATUS) {
        message.destroy();
        return reject(new InvalidStatus(status));
      }
      resolve({
        status,
        headers: response.headers,
        body: response,
        close: () => void message.destroy(),
      });
    });
    message.end(body);
  });
}

/** A status that HTTP does not know; reported like other errors of the parser. */
class InvalidStatus extends Error {
  readonly code = 'HPE_INVALID_STATUS';

  constructor(status: number) {
    super(`The status is ${String(status).padStart(3, '0')}.`);
    this.name = 'InvalidStatus';
  }
}

/** Error of a connection, with a code as Node.js gives them. */
class ConnectionFailed extends Error {
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
    this.name = 'ConnectionFailed';
  }
}
