import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf, type AppError } from '../../src/errors/app-error.js';
import {
  describeBadContent,
  DownloadFailure,
  noConnection,
  refused,
  systemCode,
  tooLong,
  wrongDigest,
} from './download-errors.js';

/** What is to be fetched, and how it is recognised. */
export interface DownloadRequest {
  /** Tried in turn until one gives the right bytes. */
  readonly urls: readonly string[];
  /** Where the finished file goes; until then it grows beside it as `<target>.part`. */
  readonly target: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** How a download behaves. */
export interface DownloadOptions {
  /** Bytes that are there, of those already on disk at the start too. */
  readonly onProgress?: (bytes: number) => unknown;
  /** Milliseconds without a byte after which a connection is given up; 30 s unless given. */
  readonly idleMs?: number;
  /** Tries for each URL, every one going on where the last one stopped; 4 unless given. */
  readonly tries?: number;
  /** Milliseconds before the second try, doubled for each further one; 1 s unless given. */
  readonly pauseMs?: number;
}

const DEFAULTS = { onProgress: () => undefined, idleMs: 30_000, tries: 4, pauseMs: 1000 };

/**
 * Fetches a file, going on where an earlier call was cut off, and checks size and digest before it appears as `target`.
 * @throws AppError `DOWNLOAD_OFFLINE`, `DOWNLOAD_REFUSED`, `DOWNLOAD_INTERRUPTED` (unavailable), `DOWNLOAD_GIT_LFS_POINTER`,
 * `DOWNLOAD_WRONG_CONTENT` (invalid): of the last URL when none gives the right bytes
 */
export async function download(order: DownloadRequest, options: DownloadOptions = {}): Promise<void> {
  const settings = { ...DEFAULTS, ...options };
  await mkdir(path.dirname(order.target), { recursive: true });
  const failures: AppError[] = [];
  for (const url of order.urls) {
    try {
      await downloadFrom(url, order, settings);
      return;
    } catch (error) {
      if (!(error instanceof DownloadFailure)) throw error;
      failures.push(error);
    }
  }
  // A server that answered says more than one that could not be reached.
  throw failures.findLast(({ code }) => code !== 'DOWNLOAD_OFFLINE') ?? failures[0];
}

async function downloadFrom(
  url: string,
  order: DownloadRequest,
  settings: Required<DownloadOptions>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const resumed = await fetchRest(url, order, settings);
      if (await finish(order, url, resumed)) return;
      // The kept part belonged to something else: once more from the start.
    } catch (error) {
      if (!(error instanceof DownloadFailure) || !error.again || attempt >= settings.tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, settings.pauseMs * 2 ** (attempt - 1)));
    }
  }
}

const partOf = ({ target }: DownloadRequest): string => `${target}.part`;

/** Brings the part to its full length; true when some of it was there before. */
async function fetchRest(
  url: string,
  order: DownloadRequest,
  settings: Required<DownloadOptions>,
): Promise<boolean> {
  const kept = await sizeOf(partOf(order));
  if (kept >= order.bytes) return true;
  const idle = new IdleTimer(settings.idleMs);
  try {
    const response = await request(url, kept, idle);
    const from = startOf(response, kept);
    if (from === null || response.body === null) {
      await rm(partOf(order), { force: true });
      throw refused(url, response.status, true);
    }
    settings.onProgress(from);
    await store(response.body, { order, from, url, idle, onProgress: settings.onProgress });
    return from > 0;
  } finally {
    idle.stop();
  }
}

async function request(url: string, kept: number, idle: IdleTimer): Promise<Response> {
  // Compressed on the way, the announced length and ranges would count other bytes than ours.
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (kept > 0) headers.range = `bytes=${kept}-`;
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: idle.signal });
  } catch (error) {
    throw noConnection(url, error);
  }
  if (response.ok || response.status === 416) return response;
  await response.body?.cancel();
  throw refused(url, response.status, response.status >= 500 || response.status === 429);
}

/** Offset at which the answer's bytes belong; null when the server cannot go on where we stopped. */
function startOf(response: Response, kept: number): number | null {
  if (response.status === 200) return 0;
  if (response.status !== 206) return null;
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return range !== null && Number(range[1]) === kept ? kept : null;
}

interface Store {
  readonly order: DownloadRequest;
  readonly from: number;
  readonly url: string;
  readonly idle: IdleTimer;
  readonly onProgress: (bytes: number) => unknown;
}

async function store(
  body: ReadableStream<Uint8Array>,
  { order, from, url, idle, onProgress }: Store,
): Promise<void> {
  let there = from;
  const file = await open(partOf(order), from > 0 ? 'a' : 'w');
  try {
    // One write for each chunk: when the connection breaks, all that came before is on disk.
    for await (const chunk of Readable.fromWeb(body) as AsyncIterable<Uint8Array>) {
      idle.restart();
      there += chunk.length;
      if (there > order.bytes) throw tooLong(url, order.bytes);
      await file.appendFile(chunk);
      onProgress(there);
    }
  } catch (error) {
    if (error instanceof DownloadFailure) await rm(partOf(order), { force: true });
    throw error instanceof DownloadFailure || isDiskError(error) ? error : noConnection(url, error);
  } finally {
    await file.close();
  }
}

const isDiskError = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].includes(systemCode(error));

/** Moves a right part to its place; false when a wrong one was begun by an earlier call and is worth another try. */
async function finish(order: DownloadRequest, url: string, resumed: boolean): Promise<boolean> {
  const part = partOf(order);
  const found = await sizeOf(part);
  const head = await headOf(part);
  const bad = describeBadContent(head, url);
  if (bad === null && found < order.bytes) {
    // Some servers end a body early without an error.
    throw noConnection(url, new Error(`${found} of ${order.bytes} bytes came`));
  }
  const sha256 = bad === null ? await digestOf(part) : '';
  if (sha256 === order.sha256) {
    await rename(part, order.target);
    return true;
  }
  await rm(part, { force: true });
  if (bad !== null) throw bad;
  if (resumed) return false;
  throw wrongDigest(url, { expected: order.sha256, found: sha256 });
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );

async function headOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(200), 0, 200, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** SHA-256 of a file, in hexadecimal digits. */
export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Aborts its signal when nothing has happened for a while. */
class IdleTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(idleMs: number) {
    const error = new Error(`no data for ${idleMs / 1000} s`);
    this.#timer = setTimeout(() => this.#controller.abort(error), idleMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

/** A short text from the first URL that gives one. @throws AppError as {@link download} does. */
export async function downloadText(urls: readonly string[], idleMs = DEFAULTS.idleMs): Promise<string> {
  let failure: unknown;
  for (const url of urls) {
    const idle = new IdleTimer(idleMs);
    try {
      return await (await request(url, 0, idle)).text();
    } catch (error) {
      failure = error instanceof DownloadFailure ? error : noConnection(url, messageOf(error));
    } finally {
      idle.stop();
    }
  }
  throw failure;
}
