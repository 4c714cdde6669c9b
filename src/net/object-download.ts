import { AppError } from '../errors/app-error.js';
import { urlRefused } from './download-exchange.js';
import { guardedRequest, type GuardedConnections, type GuardedResponse } from './guarded-request.js';
import { importUrlProblem, s3ObjectOf, type S3Object } from './import-url.js';
import { outboundUrlProblem } from './outbound-url.js';
import type { PartialFile } from './partial-file.js';
import { dnsResolver } from './resolve-host.js';

/** Access to the buckets of an account. */
export interface ImportBuckets {
  readonly names: readonly string[];
  /** Whether the operator chose the address of the store, which is then not judged. */
  readonly isOwnEndpoint: boolean;
  /** A URL by which an object can be fetched for some minutes. @throws Error without credentials */
  sign(object: S3Object): Promise<string>;
}

/** What is requested of an object. */
export interface ObjectRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What has arrived of it. */
  readonly partial: PartialFile | null;
  readonly signal: AbortSignal;
}

const ERROR_BYTES = 4096;
const SUCCESS: ReadonlySet<number> = new Set([200, 206]);

/** Reasons by code of S3. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['NoSuchBucket', 'the bucket does not exist'],
  ['NoSuchKey', 'there is no such object'],
  ['AccessDenied', 'there is no such object, or this installation may not read it'],
  ['InvalidObjectState', 'the object is archived and must be restored first'],
  ...['PermanentRedirect', 'TemporaryRedirect', 'AuthorizationHeaderMalformed'].map(
    (code) => [code, 'the bucket is in another region than that of this installation (S3_REGION)'] as const,
  ),
]);

/**
 * Requests `s3://bucket/key` by a signed URL, from the first missing byte if the object is still the same. Redirects are not
 * followed: a signature is valid for one host. @throws AppError IMPORT_URL_REFUSED, IMPORT_OBJECT_UNREADABLE,
 *   IMPORT_UNREACHABLE; errors of the connection
 */
export async function openObject(
  request: ObjectRequest,
  buckets: ImportBuckets | undefined,
  connections: GuardedConnections,
): Promise<GuardedResponse> {
  const { url, partial, signal } = request;
  const policy = { ...connections, s3Buckets: buckets?.names ?? [] };
  const problem = importUrlProblem(url, policy);
  const object = s3ObjectOf(url);
  if (problem !== undefined || !object || !buckets) throw urlRefused(problem ?? 'names no object');
  const location = await signed(object, buckets);
  const reach = buckets.isOwnEndpoint
    ? { ...connections, allowPrivate: true, resolve: dnsResolver({ allowPrivate: true }) }
    : connections;
  const refusal = outboundUrlProblem(location, reach);
  if (refusal !== undefined) throw urlRefused(`is at an address that ${refusal}`);
  const range = partial && { range: `bytes=${String(partial.bytes)}-`, 'if-match': partial.validator };
  const headers = { ...request.headers, ...range };
  const answer = await guardedRequest(location, { method: 'GET', headers, signal }, reach);
  // 5xx is judged like that of any other server.
  if (SUCCESS.has(answer.status) || answer.status >= 500) return answer;
  // Another object has this key by now.
  if (answer.status === 412 && partial) {
    answer.close();
    return openObject({ ...request, partial: null }, buckets, connections);
  }
  throw unreadable(url, answer.status, await codeOf(answer));
}

async function signed(object: S3Object, buckets: ImportBuckets): Promise<string> {
  try {
    return await buckets.sign(object);
  } catch (cause) {
    const message = 'This installation has no valid credentials for the object storage.';
    throw new AppError('IMPORT_UNREACHABLE', { message, cause });
  }
}

function unreadable(url: string, status: number, code: string): AppError {
  const reason = REASONS.get(code) ?? `the store responds with ${String(status)} ${code}`.trimEnd();
  return new AppError('IMPORT_OBJECT_UNREADABLE', { message: `${url} cannot be read: ${reason}.` });
}

/** The code in the body of an error. */
async function codeOf(answer: GuardedResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= ERROR_BYTES) break;
    }
  } catch {
    // The status decides without it.
  } finally {
    answer.close();
  }
  return /<Code>(\w{1,60})<\/Code>/.exec(Buffer.concat(chunks).toString('latin1'))?.[1] ?? '';
}
