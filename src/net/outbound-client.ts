import type { OutboundClient, OutboundPost, OutboundResult } from '../domain/outbound.js';
import type { HeaderList } from '../domain/webhook-delivery.js';
import { guardedRequest, type GuardedConnections, type GuardedResponse } from './guarded-request.js';
import type { AddressPolicy } from './outbound-address.js';
import { outboundFailure } from './outbound-failure.js';
import { outboundUrlProblem } from './outbound-url.js';
import { dnsResolver, type ResolveHost } from './resolve-host.js';

/** Limits of {@link GuardedClient}. */
export interface GuardedClientOptions extends AddressPolicy {
  /** Time from the start of a request to the head of its response. */
  readonly timeoutMs: number;
  /** DNS unless given. */
  readonly resolve?: ResolveHost;
}

const REFUSED = 'URL_REFUSED';
const CONNECT_MS = 5_000;
/** A response is judged by its status, so a slow body is only read for a moment. */
const BODY_MS = 2_000;
const BODY_BYTES = 4 * 1024;
const HEADERS_KEPT = 30;
const HEADER_VALUE_LENGTH = 300;

/**
 * Sends messages to servers of users. Each message has a connection of its own to an address that is judged when it is
 * made. Redirects are not followed. Time, head and body of the response are limited.
 */
export class GuardedClient implements OutboundClient {
  readonly #options: GuardedClientOptions;
  readonly #connections: GuardedConnections;
  readonly #closed = new AbortController();

  constructor(options: GuardedClientOptions) {
    this.#options = options;
    const { allowPrivate, timeoutMs, resolve = dnsResolver(options) } = options;
    const connectMs = Math.min(CONNECT_MS, timeoutMs);
    this.#connections = { allowPrivate, resolve, connectMs, idleMs: timeoutMs };
  }

  async post(message: OutboundPost): Promise<OutboundResult> {
    const { timeoutMs } = this.#options;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    const signal = AbortSignal.any([
      late.signal,
      this.#closed.signal,
      ...(message.signal ? [message.signal] : []),
    ]);
    try {
      return await this.#send(message, signal, () => clearTimeout(timer));
    } catch (error) {
      return { error: outboundFailure(error, { late: late.signal.aborted, timeoutMs }) };
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }

  async #send(
    { url, headers, body }: OutboundPost,
    signal: AbortSignal,
    onHead: () => void,
  ): Promise<OutboundResult> {
    const problem = outboundUrlProblem(url, this.#options);
    if (problem !== undefined) return { error: { code: REFUSED, message: `The URL ${problem}.` } };
    const response = await guardedRequest(url, { method: 'POST', headers, body, signal }, this.#connections);
    try {
      onHead();
      return { response: await shorten(response), ...retryAfterOf(response.headers['retry-after']) };
    } finally {
      // Also ends a body that was not read to its end.
      response.close();
    }
  }
}

async function shorten({ status, headers, body }: GuardedResponse) {
  const { text, truncated } = await readStart(body);
  return { status, headers: keptHeaders(headers), body: text, truncated };
}

/** The first bytes of a body; what a body that stalls or breaks has sent until then. */
async function readStart(body: GuardedResponse['body']): Promise<{ text: string; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let complete = false;
  const timer = setTimeout(() => body.destroy(), BODY_MS);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > BODY_BYTES) break;
    }
    complete = bytes <= BODY_BYTES && body.complete;
  } catch {
    // The status has arrived and decides.
  } finally {
    clearTimeout(timer);
  }
  const text = Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8').replaceAll('\0', '\uFFFD');
  return { text, truncated: !complete };
}

function keptHeaders(headers: GuardedResponse['headers']): HeaderList {
  return Object.fromEntries(
    Object.entries(headers)
      .slice(0, HEADERS_KEPT)
      .map(([name, value]) => [name, [value ?? ''].flat().join(', ').slice(0, HEADER_VALUE_LENGTH)]),
  );
}

/** Seconds of a `Retry-After` header, given as a number or as a date. */
function retryAfterOf(header: string | string[] | undefined): { retryAfterSeconds?: number } {
  const text = [header ?? ''].flat()[0];
  if (/^\d{1,6}$/.test(text)) return { retryAfterSeconds: Number(text) };
  const seconds = Math.ceil((Date.parse(text) - Date.now()) / 1000);
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {};
}
