import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { create as contentDisposition } from 'content-disposition';
import type { Request, Response } from 'express';
import fresh from 'fresh';
import { HttpError } from './problem.js';

/** Bytes from `start` to `end`, both inclusive. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** A file to be sent, from any source. */
export interface Download {
  readonly bytes: number;
  /** Strong entity tag, with quotes. */
  readonly etag: string;
  readonly modified: Date;
  readonly type: string;
  /** File name suggested to the browser. */
  readonly filename: string;
  /**
   * Whether the browser may display the file instead of saving it; only for types that cannot run scripts.
   */
  readonly inline?: boolean;
  /** How long the client may use its copy without asking; by default it always asks. */
  readonly cacheSeconds?: number;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/**
 * Types that a browser may display: images and videos without active content. Everything else, SVG and HTML
 * above all, is saved.
 */
const SHOWN_TYPES: ReadonlySet<string> = new Set([
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'video/webm',
]);
/**
 * Content security policy that denies a file the rights of this site, whatever type the browser takes it for.
 */
const FILE_POLICY =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/** A stream pipeline adds about eight listeners for one event to its last stream. */
const LISTENERS_OF_A_PIPELINE = 8;

/**
 * Result of Express's `request.range` for a range outside of the file; malformed headers have another value.
 */
const UNSATISFIABLE = -1;

/**
 * The single range of a request (RFC 9110, section 14.2); null to send the whole file, also for multiple
 * ranges and other units.
 * @throws HttpError RANGE_NOT_SATISFIABLE for a range outside of the file.
 */
function rangeOf(request: Request, bytes: number): ByteRange | null {
  const header = request.get('range') ?? '';
  const ranges = header.includes(',') ? undefined : request.range(bytes);
  if (ranges === UNSATISFIABLE) return unsatisfiable(header, bytes);
  return typeof ranges === 'object' && ranges.type === 'bytes' ? ranges[0] : null;
}

/**
 * Corrects two cases that Express reports as unsatisfiable: see RFC 9110, sections 14.1.1 and 14.1.2. @throws
 * HttpError RANGE_NOT_SATISFIABLE
 */
function unsatisfiable(header: string, bytes: number): ByteRange | null {
  const [first, last] = header.slice(header.indexOf('=') + 1).split('-');
  const isSuffix = first.trim() === '';
  // A suffix range longer than the file selects the whole file.
  if (isSuffix && bytes > 0 && Number(last) > bytes) return { start: 0, end: bytes - 1 };
  // A range whose last position is before its first is invalid, and invalid ranges are ignored.
  if (!isSuffix && last.trim() !== '' && Number(last) < Number(first)) return null;
  throw new HttpError(
    'RANGE_NOT_SATISFIABLE',
    `Range: the requested range is outside of the file, which has ${bytes} bytes.`,
    {
      'Content-Range': `bytes */${bytes}`,
    },
  );
}

/**
 * Whether the client's copy is current. `request.fresh` is not used: it honours `Cache-Control: no-cache`,
 * which `fetch` adds to every request with conditions of its own.
 */
function isUnchanged({ headers }: Request, { etag, modified }: Version): boolean {
  const conditions = {
    'if-none-match': headers['if-none-match'],
    'if-modified-since': headers['if-modified-since'],
  };
  return fresh(conditions, { etag, 'last-modified': modified.toUTCString() });
}

/** Which version of a file it is, and how long it may be cached. */
export type Version = Pick<Download, 'etag' | 'modified' | 'cacheSeconds'>;

/**
 * Sets the headers of a version and, when the client's copy of it is current, answers 304.
 * @returns whether the request is answered
 */
export function sendIfUnchanged(request: Request, response: Response, version: Version): boolean {
  const { etag, modified, cacheSeconds } = version;
  const age = cacheSeconds === undefined ? 'no-cache' : `max-age=${cacheSeconds}`;
  response.set({
    ETag: etag,
    'Last-Modified': modified.toUTCString(),
    'Accept-Ranges': 'bytes',
    // no-transform excludes the response from compression: ranges are offsets into the stored bytes.
    'Cache-Control': `private, ${age}, no-transform`,
  });
  const unchanged = isUnchanged(request, version);
  if (unchanged) response.status(304).end();
  return unchanged;
}

/** Sends a file with `ETag`, range support and its name. Reading stops when the client disconnects. */
export async function sendDownload(request: Request, response: Response, file: Download): Promise<void> {
  if (sendIfUnchanged(request, response, file)) return;
  const ifRange = request.get('if-range');
  const range = ifRange === undefined || ifRange === file.etag ? rangeOf(request, file.bytes) : null;
  const length = range === null ? file.bytes : range.end - range.start + 1;
  response.status(range === null ? 200 : 206).set({
    'Content-Type': file.type,
    'Content-Length': String(length),
    'Content-Disposition': contentDisposition(file.filename, {
      type: file.inline && SHOWN_TYPES.has(file.type) ? 'inline' : 'attachment',
    }),
    'Content-Security-Policy': FILE_POLICY,
    'X-Content-Type-Options': 'nosniff',
    ...(range !== null && { 'Content-Range': `bytes ${range.start}-${range.end}/${file.bytes}` }),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  // Together with the server's listeners they exceed the default limit of ten, above which Node.js warns of a
  // leak.
  response.setMaxListeners(response.getMaxListeners() + LISTENERS_OF_A_PIPELINE);
  try {
    await pipeline(Readable.from(file.read(range ?? undefined)), response);
  } catch (error) {
    // The client disconnected: not an error, and nobody is left to answer.
    if (!isPrematureClose(error)) throw error;
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ERR_STREAM_PREMATURE_CLOSE';
}
