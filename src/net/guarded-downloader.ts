import { open, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { DownloadedFile, DownloadRequest, FileDownloader } from '../domain/download.js';
import { AppError } from '../errors/app-error.js';
import { badStatus, openDownload, urlRefused } from './download-exchange.js';
import type { GuardedResponse } from './guarded-request.js';
import { isS3Url } from './import-url.js';
import { openObject, type ImportBuckets } from './object-download.js';
import type { AddressPolicy } from './outbound-address.js';
import { outboundFailure } from './outbound-failure.js';
import { digestOf, readPartial, startPartial, type PartialFile, type PartialSource } from './partial-file.js';
import { AddressRefused, dnsResolver, type ResolveHost } from './resolve-host.js';

/** Limits of {@link GuardedDownloader}. */
export interface GuardedDownloaderOptions extends AddressPolicy {
  /** Time for a whole file. */
  readonly timeoutMs: number;
  /** Time for the connection, for the head of an answer, and between two parts of its body; 30 s by default. */
  readonly idleMs?: number;
  /** Least mean speed in each stretch of {@link paceMs}; 1 KiB per second by default. */
  readonly minBytesPerSecond?: number;
  /** 60 s by default. */
  readonly paceMs?: number;
  /** Pause before an interrupted transfer is continued, doubled each time; 1 s by default. */
  readonly retryMs?: number;
  /** DNS unless given. */
  readonly resolve?: ResolveHost;
  /** Needed for `s3://` URLs. */
  readonly buckets?: ImportBuckets;
}

/** Interruptions of one transfer after which it is given up. */
const MAX_INTERRUPTIONS = 4;
/** Answers that may be different a moment later. */
const PASSING_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Codes of {@link FileDownloader.fetch} that are tried again. */
const PASSING_CODES: ReadonlySet<string> = new Set(['IMPORT_UNREACHABLE', 'IMPORT_INTERRUPTED']);
/** Nothing is decompressed, so a small answer cannot become a large file. */
const HEADERS = { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'InferNode' } as const;

/**
 * Fetches files from servers of users' choice. Addresses are judged as for webhooks, when a connection is made and after
 * each redirect. Interrupted transfers continue by ranges if the file has not changed (`If-Range`, `If-Match` for objects
 * of a bucket).
 */
export class GuardedDownloader implements FileDownloader {
  readonly #options: Required<Omit<GuardedDownloaderOptions, 'exceptions' | 'buckets'>> &
    Pick<GuardedDownloaderOptions, 'exceptions' | 'buckets'>;

  constructor(options: GuardedDownloaderOptions) {
    const defaults = { idleMs: 30_000, minBytesPerSecond: 1024, paceMs: 60_000, retryMs: 1000 };
    this.#options = { ...defaults, resolve: dnsResolver(options), ...options };
  }

  async fetch(request: DownloadRequest): Promise<DownloadedFile> {
    const { timeoutMs, retryMs } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    const signal = AbortSignal.any([late, request.signal]);
    for (let interruptions = 0; ; interruptions += 1) {
      try {
        await this.#transfer({ ...request, signal });
        return await digestOf(request.target);
      } catch (error) {
        request.signal.throwIfAborted();
        if (late.aborted) throw tooSlow(`took more than ${String(timeoutMs / 1000)} seconds`);
        const failure = toAppError(error);
        if (!PASSING_CODES.has(failure.code) || interruptions === MAX_INTERRUPTIONS) throw failure;
        await pause(retryMs * 2 ** interruptions, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #transfer(request: DownloadRequest): Promise<void> {
    const { url, target, signal } = request;
    const partial = await readPartial(target, url);
    if (partial && partial.bytes === partial.total) return;
    const answer = await this.#open(url, partial, signal);
    try {
      requireSuccess(answer);
      const isContinued = answer.status === 206 && partial !== null && startOf(answer) === partial.bytes;
      if (answer.status === 206 && !isContinued) throw badStatus('answers with another part of the file');
      const start = isContinued ? partial.bytes : 0;
      const total = totalOf(answer, start);
      await request.onSize?.(total);
      requireSmaller(total ?? 0, request.maxBytes);
      const from = isContinued ? null : sourceOf(answer, url, total);
      await using file = isContinued ? await open(target, 'a') : await startPartial(target, from);
      await this.#write(answer, { file, start, total, request });
    } finally {
      answer.close();
    }
  }

  #open(url: string, partial: PartialFile | null, signal: AbortSignal): Promise<GuardedResponse> {
    const { buckets, ...connections } = this.#options;
    if (isS3Url(url)) return openObject({ url, partial, signal, headers: HEADERS }, buckets, connections);
    const range = partial && { range: `bytes=${String(partial.bytes)}-`, 'if-range': partial.validator };
    return openDownload(url, { ...HEADERS, ...range }, { ...connections, signal });
  }

  async #write(answer: GuardedResponse, { file, start, total, request }: WritePlan): Promise<void> {
    const { paceMs, minBytesPerSecond } = this.#options;
    let [bytes, stretchBytes, stretchStart] = [start, start, performance.now()];
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      requireSmaller(bytes, request.maxBytes);
      await file.writeFile(chunk);
      request.onProgress?.(bytes);
      const elapsedMs = performance.now() - stretchStart;
      if (elapsedMs < paceMs) continue;
      if (((bytes - stretchBytes) * 1000) / elapsedMs < minBytesPerSecond)
        throw tooSlow(`sends less than ${String(minBytesPerSecond)} bytes per second`);
      [stretchBytes, stretchStart] = [bytes, performance.now()];
    }
    if (total !== null && bytes !== total)
      throw interrupted(`The server sent ${String(bytes)} of ${String(total)} bytes.`);
  }
}

interface WritePlan {
  readonly file: FileHandle;
  readonly start: number;
  readonly total: number | null;
  readonly request: DownloadRequest;
}

function requireSuccess({ status, headers }: GuardedResponse): void {
  if (PASSING_STATUS.has(status)) throw interrupted(`The server responds with ${String(status)}.`);
  if (status !== 200 && status !== 206) throw badStatus(`responds with ${String(status)}`);
  const encoding = [headers['content-encoding'] ?? 'identity'].flat().join(', ').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return;
  throw new AppError('IMPORT_ENCODED', {
    message: `The server sends the file with Content-Encoding "${encoding.slice(0, 40)}".`,
  });
}

const headerOf = ({ headers }: GuardedResponse, name: string): string => [headers[name] ?? ''].flat()[0];

/** First byte of a part. */
function startOf(answer: GuardedResponse): number | null {
  const [, start] = /^bytes (\d{1,15})-\d+\/(?:\d+|\*)$/.exec(headerOf(answer, 'content-range')) ?? [];
  return start === undefined ? null : Number(start);
}

/** Size of the whole file; null when the server does not say. */
function totalOf(answer: GuardedResponse, start: number): number | null {
  const length = headerOf(answer, 'content-length');
  return /^\d+$/.test(length) ? start + Number(length) : null;
}

/** What a later request needs to continue; null when the server gives no strong validator. */
function sourceOf(answer: GuardedResponse, url: string, total: number | null): PartialSource | null {
  const etag = headerOf(answer, 'etag');
  // Weak tags do not promise equal bytes.
  const isStrong = etag.startsWith('"') && etag.length <= MAX_VALIDATOR;
  return isStrong ? { url, validator: etag, total } : null;
}

const MAX_VALIDATOR = 300;

function requireSmaller(bytes: number, maxBytes: number): void {
  if (bytes <= maxBytes) return;
  throw new AppError('FILE_TOO_LARGE', {
    message: `The file has at least ${String(bytes)} bytes; at most ${String(maxBytes)} are accepted.`,
    details: { maxBytes },
  });
}

const tooSlow = (what: string): AppError =>
  new AppError('IMPORT_TIMEOUT', { message: `The transfer ${what}.` });

const interrupted = (message: string): AppError => new AppError('IMPORT_INTERRUPTED', { message });

/** Errors of the connection, by whether bytes could have arrived. */
function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof AddressRefused) return urlRefused('has a private, local or reserved address');
  if (isDiskError(error)) throw error;
  const { code, message } = outboundFailure(error, { late: false, timeoutMs: 0 });
  return UNREACHABLE.has(code) ? new AppError('IMPORT_UNREACHABLE', { message }) : interrupted(message);
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  ...['ENOTFOUND', 'ENODATA', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'TIMEOUT'],
]);

/** Errors of the file, not of the server. */
const isDiskError = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  ['ENOSPC', 'EIO', 'EACCES', 'ENOENT', 'EROFS', 'EFBIG'].includes(String(error.code));
