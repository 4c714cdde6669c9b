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

/** A file to send, wherever its bytes come from. */
export interface Download {
  readonly bytes: number;
  /** Strong tag with its quotes. */
  readonly etag: string;
  readonly modified: Date;
  readonly type: string;
  /** Name that the browser saves under. */
  readonly filename: string;
  /** Shown in the browser instead of saved, if its type is one that cannot run scripts. */
  readonly inline?: boolean;
  read(range?: ByteRange): AsyncIterable<Buffer>;
}

/** What a browser may show in place: pixels only. Everything else, SVG and HTML above all, is saved. */
const SHOWN_TYPES: ReadonlySet<string> = new Set([
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'video/mp4',
  'video/webm',
]);
/** A file is opened without the rights of this site, whatever a browser takes it for. */
const FILE_POLICY =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/** A pipeline puts about eight listeners for one event on its last stream. */
const LISTENERS_OF_A_PIPELINE = 8;

/** What Express answers for a range outside of the file; for a header that it cannot read it has another number. */
const UNSATISFIABLE = -1;

/**
 * The one range that a request asks for (RFC 9110 14.2); null to send everything, which is also the answer to several
 * ranges and to other units.
 * @throws HttpError RANGE_NOT_SATISFIABLE for a range outside of the file.
 */
function rangeOf(request: Request, bytes: number): ByteRange | null {
  const header = request.get('range') ?? '';
  const ranges = header.includes(',') ? undefined : request.range(bytes);
  if (ranges === UNSATISFIABLE) return unsatisfiable(header, bytes);
  return typeof ranges === 'object' && ranges.type === 'bytes' ? ranges[0] : null;
}

/** Two of the ranges that Express calls unsatisfiable are not: see RFC 9110 14.1.1 and 14.1.2. @throws HttpError RANGE_NOT_SATISFIABLE */
function unsatisfiable(header: string, bytes: number): ByteRange | null {
  const [first, last] = header.slice(header.indexOf('=') + 1).split('-');
  const isSuffix = first.trim() === '';
  // The last bytes of a file that has fewer are all of it.
  if (isSuffix && bytes > 0 && Number(last) > bytes) return { start: 0, end: bytes - 1 };
  // A last position before the first makes the header invalid, and invalid headers are ignored.
  if (!isSuffix && last.trim() !== '' && Number(last) < Number(first)) return null;
  throw new HttpError('RANGE_NOT_SATISFIABLE', `The file has ${bytes} bytes.`, {
    'Content-Range': `bytes */${bytes}`,
  });
}

/**
 * Whether the client has the file as it is. `Cache-Control: no-cache` does not matter, as `request.fresh` would have it:
 * `fetch` adds it to every request that has conditions of its own.
 */
function isUnchanged({ headers }: Request, { etag, modified }: Download): boolean {
  const conditions = {
    'if-none-match': headers['if-none-match'],
    'if-modified-since': headers['if-modified-since'],
  };
  return fresh(conditions, { etag, 'last-modified': modified.toUTCString() });
}

/** Sends a file with `ETag`, ranges and its name; a cut connection stops the reading. */
export async function sendDownload(request: Request, response: Response, file: Download): Promise<void> {
  response.set({
    ETag: file.etag,
    'Last-Modified': file.modified.toUTCString(),
    'Accept-Ranges': 'bytes',
    // no-transform keeps the compressing middleware away: offsets are those of the stored bytes.
    'Cache-Control': 'private, no-cache, no-transform',
  });
  if (isUnchanged(request, file)) {
    response.status(304).end();
    return;
  }
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
  // With those of the server they are more than the ten above which Node.js warns of a leak.
  response.setMaxListeners(response.getMaxListeners() + LISTENERS_OF_A_PIPELINE);
  try {
    await pipeline(Readable.from(file.read(range ?? undefined)), response);
  } catch (error) {
    // The client disconnected: this is no error, and no response is needed.
    if (!isPrematureClose(error)) throw error;
  }
}

function isPrematureClose(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ERR_STREAM_PREMATURE_CLOSE';
}
