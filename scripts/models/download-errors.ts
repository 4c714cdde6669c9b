import { AppError, messageOf, type AppErrorInit } from '../../src/errors/app-error.js';
import type { ErrorCode } from '../../src/errors/codes.js';

/** A failed download from one URL. */
export class DownloadFailure extends AppError {
  constructor(
    code: ErrorCode,
    init: AppErrorInit,
    /** Whether a retry of the same URL may succeed. */
    readonly again: boolean,
  ) {
    super(code, init);
    this.name = 'DownloadFailure';
  }
}

const hostOf = (url: string): string => new URL(url).host;

/** Error codes that indicate missing DNS or routing rather than a server failure. */
const OFFLINE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ECONNREFUSED',
  'ENETDOWN',
]);

/** The code of a system error, such as `ENOTFOUND`; empty for anything else. */
export function systemCode(error: unknown): string {
  return typeof error === 'object' && error !== null ? String(Reflect.get(error, 'code') ?? '') : '';
}

/** The connection failed or was interrupted. Received data are kept. */
export function noConnection(url: string, error: unknown): DownloadFailure {
  const cause: unknown =
    (typeof error === 'object' && error !== null ? Reflect.get(error, 'cause') : null) ?? error;
  const code = systemCode(cause);
  if (OFFLINE.has(code)) {
    const advice =
      'Without internet, fetch the file on another machine and run "models import <folder>" with the folder that holds it.';
    return new DownloadFailure(
      'DOWNLOAD_OFFLINE',
      { message: `${hostOf(url)} cannot be reached (${code}). ${advice}`, details: { url }, cause: error },
      false,
    );
  }
  return new DownloadFailure(
    'DOWNLOAD_INTERRUPTED',
    {
      message: `The connection to ${hostOf(url)} broke: ${messageOf(cause)}. Received data are kept; run the same command again to continue.`,
      details: { url },
      cause: error,
    },
    true,
  );
}

/** The server responded with an error status. */
export const refused = (url: string, status: number, again: boolean): DownloadFailure =>
  new DownloadFailure(
    'DOWNLOAD_REFUSED',
    { message: `${hostOf(url)} answers ${status} for ${new URL(url).pathname}.`, details: { url, status } },
    again,
  );

const wrongContent = (
  url: string,
  message: string,
  code: ErrorCode = 'DOWNLOAD_WRONG_CONTENT',
): DownloadFailure => new DownloadFailure(code, { message, details: { url } }, false);

/** The response is longer than the file. */
export const tooLong = (url: string, bytes: number): DownloadFailure =>
  wrongContent(url, `${hostOf(url)} sends more than the ${bytes} bytes that the file has.`);

/** The content has the right length but another digest. */
export const wrongDigest = (url: string, sha256: { expected: string; found: string }): DownloadFailure =>
  wrongContent(
    url,
    `The file from ${hostOf(url)} has the SHA-256 ${sha256.found} instead of ${sha256.expected}; it was discarded.`,
  );

/** Recognises common wrong content by its first bytes; `null` for anything else. */
export function describeBadContent(head: string, url: string): DownloadFailure | null {
  if (head.startsWith('version https://git-lfs')) {
    const oid = /oid sha256:([0-9a-f]{64})/.exec(head)?.[1] ?? 'unknown';
    return wrongContent(
      url,
      `${hostOf(url)} sent a git-lfs pointer (of the file with SHA-256 ${oid}), not the file: its LFS store is not behind this address.`,
      'DOWNLOAD_GIT_LFS_POINTER',
    );
  }
  return /^\s*<(!doctype|html)/i.test(head)
    ? wrongContent(url, `${hostOf(url)} sent a web page instead of the file.`)
    : null;
}
