import type { ErrorMeaning } from '../error-kind.js';

/** Codes of startup and of commands, which then exit with status 1. */
export const STARTUP_CODES = {
  CANNOT_LISTEN: {
    kind: 'unavailable',
    title: 'Cannot listen',
    hint: 'Choose another port or address, or stop the program that uses it.',
  },
  FOLDER_UNUSABLE: {
    kind: 'unavailable',
    title: 'Folder not usable',
    hint: 'Make the folder writable for this account, or set another one.',
  },
  KEY_UNUSABLE: {
    kind: 'unavailable',
    title: 'Key not usable',
    hint: 'Provide a readable key file in PEM format, or run `npm run keys`.',
  },
  NO_DATABASE: {
    kind: 'unavailable',
    title: 'No database',
    hint: 'Set `DATABASE_URL` or `DB_HOST`, or run `npm start` first.',
  },
  DATABASE_UNUSABLE: {
    kind: 'unavailable',
    title: 'Database not usable',
    hint: 'Start PostgreSQL or correct its settings: no connection could be made within `STARTUP_TIMEOUT`.',
  },
  SCHEMA_MISSING: { kind: 'unavailable', title: 'Database not migrated', hint: 'Run `npm run db:migrate`.' },
  REDIS_UNUSABLE: {
    kind: 'unavailable',
    title: 'Redis not usable',
    hint: 'Start Redis, correct its settings, or set `QUEUE_BACKEND=postgres`.',
  },
  REDIS_NOT_DURABLE: {
    kind: 'unavailable',
    title: 'Redis would lose jobs',
    hint: 'Change the Redis setting named in the message.',
  },
  DATA_FOLDER_IN_USE: {
    kind: 'conflict',
    title: 'Data folder in use',
    hint: 'Use the server that runs there, stop it, or set another `DATA_DIR`.',
  },
  DATA_FOLDER_UNUSABLE: {
    kind: 'unavailable',
    title: 'Data folder not usable',
    hint: 'Make the folder writable for this account, or set another `DATA_DIR`.',
  },
  FFMPEG_MISSING: {
    kind: 'unavailable',
    title: 'FFmpeg missing',
    hint: 'Install FFmpeg 5.1 or newer; the message contains the command.',
  },
  FFMPEG_NOT_STARTED: {
    kind: 'unavailable',
    title: 'FFmpeg not started',
    hint: 'Make FFmpeg executable for this account.',
  },
  FFMPEG_TOO_OLD: {
    kind: 'unavailable',
    title: 'FFmpeg too old',
    hint: 'Install FFmpeg 5.1 or newer; the message contains the command.',
  },
  STORAGE_UNUSABLE: {
    kind: 'unavailable',
    title: 'Object storage not usable',
    hint: 'Correct the settings named in the message: the bucket must exist, and its objects must be readable and writable.',
  },
  STORAGE_UNKNOWN: {
    kind: 'conflict',
    title: 'Storage of another database',
    hint: '`storage -- clean` removed nothing, because the database references none of the stored files: check `MEDIA_DIR` and the database.',
  },
  NETWORK_UNKNOWN: {
    kind: 'not_found',
    title: 'Network not in catalogue',
    hint: '`models list` shows the networks of the catalogue.',
  },
  IMPORT_NOT_FOUND: {
    kind: 'not_found',
    title: 'Nothing to import',
    hint: 'Check the path of the file or folder.',
  },
  IMPORT_EMPTY: {
    kind: 'invalid',
    title: 'Nothing to import',
    hint: 'Specify a folder with a `manifest.json`, or an ONNX file of the catalogue.',
  },
  DOWNLOAD_OFFLINE: {
    kind: 'unavailable',
    title: 'No connection',
    hint: 'Download the file on another machine and run `models import <folder>`.',
  },
  DOWNLOAD_INTERRUPTED: {
    kind: 'unavailable',
    title: 'Download interrupted',
    hint: 'Run the same command again: it continues where it stopped.',
  },
  DOWNLOAD_REFUSED: {
    kind: 'unavailable',
    title: 'Download refused',
    hint: 'Try again later, or download the file from elsewhere and import it.',
  },
  DOWNLOAD_WRONG_CONTENT: {
    kind: 'invalid',
    title: 'Wrong content downloaded',
    hint: 'Try again later, or download the file from elsewhere and import it.',
  },
  DOWNLOAD_GIT_LFS_POINTER: {
    kind: 'invalid',
    title: 'Git LFS pointer downloaded',
    hint: 'Fetch the file itself (`git lfs pull`) and import it.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
