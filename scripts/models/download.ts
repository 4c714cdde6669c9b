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

/** A file to download, with its size and digest. */
export interface DownloadRequest {
  /** Tried in order until one returns the expected content. */
  readonly urls: readonly string[];
  /** Path of the finished file; until then the data are in `<target>.part`. */
  readonly target: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Options of a download. */
export interface DownloadOptions {
  /** Bytes received so far, including those already on disk. */
  readonly onProgress?: (bytes: number) => unknown;
  /** Idle timeout in milliseconds; default 30 s. */
  readonly idleMs?: number;
  /** Attempts per URL, each resuming the previous one; default 4. */
  readonly tries?: number;
  /** Delay in milliseconds before the second attempt, doubled for each further one; default 1 s. */
  readonly pauseMs?: number;
}

const DEFAULTS = { onProgress: () => undefined, idleMs: 30_000, tries: 4, pauseMs: 1000 };

/**
 * Downloads a file, resuming an interrupted download, and verifies size and digest before it appears as `target`.
 * @throws AppError `DOWNLOAD_OFFLINE`, `DOWNLOAD_REFUSED`, `DOWNLOAD_INTERRUPTED` (unavailable),
 * `DOWNLOAD_GIT_LFS_POINTER`, `DOWNLOAD_WRONG_CONTENT` (invalid): of the last URL when none returns the expected
 * content
 */
export async function download(item: DownloadRequest, options: DownloadOptions = {}): Promise<void> {
  const settings = { ...DEFAULTS, ...options };
  await mkdir(path.dirname(item.target), { recursive: true });
  const failures: AppError[] = [];
  for (const url of item.urls) {
    try {
      await downloadFrom(url, item, settings);
      return;
    } catch (error) {
      if (!(error instanceof DownloadFailure)) throw error;
      failures.push(error);
    }
  }
  // The error of a server that responded is more informative than one about an unreachable server.
  throw failures.findLast(({ code }) => code !== 'DOWNLOAD_OFFLINE') ?? failures[0];
}

async function downloadFrom(
  url: string,
  item: DownloadRequest,
  settings: Required<DownloadOptions>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const resumed = await fetchRest(url, item, settings);
      if (await finish(item, url, resumed)) return;
      // The partial file was of other content: start again from the beginning.
    } catch (error) {
      if (!(error instanceof DownloadFailure) || !error.again || attempt >= settings.tries) throw error;
      await new Promise((resolve) => setTimeout(resolve, settings.pauseMs * 2 ** (attempt - 1)));
    }
  }
}

const partOf = ({ target }: DownloadRequest): string => `${target}.part`;

/** Downloads the rest of the partial file; returns true when some of it already existed. */
async function fetchRest(
  url: string,
  item: DownloadRequest,
  settings: Required<DownloadOptions>,
): Promise<boolean> {
  const kept = await sizeOf(partOf(item));
  if (kept >= item.bytes) return true;
  const idle = new IdleTimer(settings.idleMs);
  try {
    const response = await request(url, kept, idle);
    const from = startOf(response, kept);
    if (from === null || response.body === null) {
      await rm(partOf(item), { force: true });
      throw refused(url, response.status, true);
    }
    settings.onProgress(from);
    await store(response.body, { item, from, url, idle, onProgress: settings.onProgress });
    return from > 0;
  } finally {
    idle.stop();
  }
}

async function request(url: string, kept: number, idle: IdleTimer): Promise<Response> {
  // With content encoding, length and ranges would refer to compressed bytes.
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

/** Offset of the response's bytes; `null` when the server cannot resume. */
function startOf(response: Response, kept: number): number | null {
  if (response.status === 200) return 0;
  if (response.status !== 206) return null;
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  return range !== null && Number(range[1]) === kept ? kept : null;
}

interface Store {
  readonly item: DownloadRequest;
  readonly from: number;
  readonly url: string;
  readonly idle: IdleTimer;
  readonly onProgress: (bytes: number) => unknown;
}

async function store(
  body: ReadableStream<Uint8Array>,
  { item, from, url, idle, onProgress }: Store,
): Promise<void> {
  let there = from;
  const file = await open(partOf(item), from > 0 ? 'a' : 'w');
  try {
    // Written chunk by chunk, so that everything received is on disk when the connection breaks.
    for await (const chunk of Readable.fromWeb(body) as AsyncIterable<Uint8Array>) {
      idle.restart();
      there += chunk.length;
      if (there > item.bytes) throw tooLong(url, item.bytes);
      await file.appendFile(chunk);
      onProgress(there);
    }
  } catch (error) {
    if (error instanceof DownloadFailure) await rm(partOf(item), { force: true });
    throw error instanceof DownloadFailure || isDiskError(error) ? error : noConnection(url, error);
  } finally {
    await file.close();
  }
}

const isDiskError = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO'].includes(systemCode(error));

/** Moves a verified file to its target; false when a wrong partial file from an earlier call should be retried. */
async function finish(item: DownloadRequest, url: string, resumed: boolean): Promise<boolean> {
  const part = partOf(item);
  const found = await sizeOf(part);
  const head = await headOf(part);
  const bad = describeBadContent(head, url);
  if (bad === null && found < item.bytes) {
    // Some servers truncate a body without an error.
    throw noConnection(url, new Error(`${found} of ${item.bytes} bytes came`));
  }
  const sha256 = bad === null ? await digestOf(part) : '';
  if (sha256 === item.sha256) {
    await rename(part, item.target);
    return true;
  }
  await rm(part, { force: true });
  if (bad !== null) throw bad;
  if (resumed) return false;
  throw wrongDigest(url, { expected: item.sha256, found: sha256 });
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

/** Aborts its signal after a period without data. */
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

/**
 * Downloads a short text from the first URL that responds.
 * @throws AppError as {@link download}
 */
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
