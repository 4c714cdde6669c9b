import { ARCHIVE_CODES } from './codes/archives.js';
import { BACKUP_CODES } from './codes/backup.js';
import { CREDENTIAL_CODES } from './codes/credentials.js';
import { FILE_CODES } from './codes/files.js';
import { IMPORT_CODES } from './codes/imports.js';
import { INTERNAL_CODES } from './codes/internal.js';
import { JOB_CODES } from './codes/jobs.js';
import { NETWORK_CODES } from './codes/networks.js';
import { PREVIEW_CODES } from './codes/previews.js';
import { REQUEST_CODES } from './codes/requests.js';
import { SERVO_CODES } from './codes/servo.js';
import { SERVO_SESSION_CODES } from './codes/servo-sessions.js';
import { STARTUP_CODES } from './codes/startup.js';
import { UPLOAD_CODES } from './codes/uploads.js';
import { WEBHOOK_CODES } from './codes/webhooks.js';
import type { ErrorKind } from './error-kind.js';

/** All error codes, part of the API; each has one meaning. `docs/errors.md` is generated from this table. */
export const ERROR_CODES = {
  ...REQUEST_CODES,
  ...CREDENTIAL_CODES,
  ...FILE_CODES,
  ...PREVIEW_CODES,
  ...UPLOAD_CODES,
  ...IMPORT_CODES,
  ...ARCHIVE_CODES,
  ...NETWORK_CODES,
  ...JOB_CODES,
  ...SERVO_CODES,
  ...SERVO_SESSION_CODES,
  ...WEBHOOK_CODES,
  ...STARTUP_CODES,
  ...BACKUP_CODES,
  ...INTERNAL_CODES,
} as const;

/** A code of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Codes of one kind, for functions that create errors of that kind. */
export type CodeOfKind<Kind extends ErrorKind> = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]['kind'] extends Kind ? Code : never;
}[ErrorCode];

/** Whether a string, for example from another process, is a known code. */
export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);
