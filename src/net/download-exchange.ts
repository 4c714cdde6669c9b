import { AppError } from '../errors/app-error.js';
import { guardedRequest, type GuardedConnections, type GuardedResponse } from './guarded-request.js';
import { outboundUrlProblem } from './outbound-url.js';

const MAX_REDIRECTS = 5;
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
  { signal, ...connections }: GuardedConnections & { readonly signal: AbortSignal },
): Promise<GuardedResponse> {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    const problem = outboundUrlProblem(url, connections);
    if (problem !== undefined)
      throw urlRefused(redirects === 0 ? problem : `redirects to one that ${problem}`);
    const answer = await guardedRequest(url, { method: 'GET', headers, signal }, connections);
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
