import { AppError, messageOf, type AppErrorInit } from '../../src/errors/app-error.js';
import type { ErrorCode } from '../../src/errors/codes.js';

/** A download from one URL that did not succeed. */
export class DownloadFailure extends AppError {
  constructor(
    code: ErrorCode,
    init: AppErrorInit,
    /** Whether the same URL is worth another try. */
    readonly again: boolean,
  ) {
    super(code, init);
    this.name = 'DownloadFailure';
  }
}

const hostOf = (url: string): string => new URL(url).host;

/** Reasons for which a name or a route, and not the server, is missing. */
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

/** No connection, or one that broke. What was received is kept. */
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
      message: `The connection to ${hostOf(url)} broke: ${messageOf(cause)}. What came is kept; the same command goes on there.`,
      details: { url },
      cause: error,
    },
    true,
  );
}

/** The server answered, but not with the file. */
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

/** More bytes than the file has. */
export const tooLong = (url: string, bytes: number): DownloadFailure =>
  wrongContent(url, `${hostOf(url)} sends more than the ${bytes} bytes that the file has.`);

/** As many bytes as the file has, but others. */
export const wrongDigest = (url: string, sha256: { expected: string; found: string }): DownloadFailure =>
  wrongContent(
    url,
    `What ${hostOf(url)} sent has the SHA-256 ${sha256.found} instead of ${sha256.expected}; it was thrown away.`,
  );

/** Recognises what servers send in place of a file by its first bytes; null for anything else. */
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
