import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import { AppError } from '../errors/app-error.js';
import { isAllowedAddress, type AddressPolicy } from './outbound-address.js';
import { outboundUrlProblem } from './outbound-url.js';
import { AddressRefused, guardedLookup, type ResolveHost } from './resolve-host.js';

/** An answer whose body has not been read. */
export interface OpenedDownload {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
  /** Closes the connection. */
  close(): void;
}

/** How connections are made. */
export interface DownloadConnections extends AddressPolicy {
  readonly resolve: ResolveHost;
  /** Time for the connection, for the head of an answer, and between two parts of its body. */
  readonly idleMs: number;
}

const MAX_REDIRECTS = 5;
const HEAD_BYTES = 16 * 1024;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The error for a URL that is not connected to. */
export const urlRefused = (problem: string): AppError =>
  new AppError('IMPORT_URL_REFUSED', { message: `The URL ${problem}.` });

/**
 * Requests a URL and follows redirects. Each URL is judged, and each host when it is connected to; every request has a
 * connection of its own. @throws AppError IMPORT_URL_REFUSED, IMPORT_STATUS; errors of the connection
 */
export async function openDownload(
  start: string,
  headers: Readonly<Record<string, string>>,
  { signal, ...connections }: DownloadConnections & { readonly signal: AbortSignal },
): Promise<OpenedDownload> {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    const problem = outboundUrlProblem(url, connections);
    if (problem !== undefined)
      throw urlRefused(redirects === 0 ? problem : `redirects to one that ${problem}`);
    const answer = await request(url, headers, { signal, ...connections });
    if (!REDIRECTS.has(answer.status)) return answer;
    answer.close();
    if (redirects === MAX_REDIRECTS) throw badStatus(`redirects more than ${String(MAX_REDIRECTS)} times`);
    url = nextUrl(url, answer.headers.location);
  }
}

function nextUrl(from: string, location: string | undefined): string {
  if (location === undefined || !URL.canParse(location, from))
    throw badStatus('redirects without a usable Location');
  const next = new URL(location, from);
  // Fragments are not sent, and servers do redirect to them.
  next.hash = '';
  if (new URL(from).protocol === 'https:' && next.protocol !== 'https:')
    throw urlRefused('redirects from https to another protocol');
  return next.href;
}

/** The error for an answer without the file. */
export const badStatus = (what: string): AppError =>
  new AppError('IMPORT_STATUS', { message: `The server ${what}.` });

/**
 * Sends a request with a connection of its own. Uses Node.js's client, since a server that closes its side of the
 * connection while nobody reads trips an assertion of undici, outside of any request.
 */
function request(
  url: string,
  headers: Readonly<Record<string, string>>,
  { resolve: lookUp, idleMs, signal, ...policy }: DownloadConnections & { readonly signal: AbortSignal },
): Promise<OpenedDownload> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? https.request : http.request;
  return new Promise((resolve, reject) => {
    const message = send(target, {
      headers,
      signal,
      agent: false,
      lookup: guardedLookup(lookUp, policy),
      maxHeaderSize: HEAD_BYTES,
      timeout: idleMs,
      // Explicit, because an environment variable would otherwise turn it off for the whole process.
      rejectUnauthorized: true,
    });
    // Stays, so that a late error of the connection cannot end the process.
    message.on('error', reject);
    message.on('timeout', () => message.destroy(new ServerSilent()));
    message.once('socket', (socket) =>
      socket.once('connect', () => {
        if (!isAllowedAddress(socket.remoteAddress ?? '', policy)) message.destroy(new AddressRefused());
      }),
    );
    message.once('response', (response) => {
      response.on('error', () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: response,
        close: () => void message.destroy(),
      });
    });
    message.end();
  });
}

/** Error of a server that sends nothing. */
class ServerSilent extends Error {
  readonly code = 'ETIMEDOUT';

  constructor() {
    super('The server sends nothing.');
    this.name = 'ServerSilent';
  }
}
