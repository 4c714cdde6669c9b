import type { ErrorMeaning } from '../error-kind.js';

/** Codes of `npm run backup`, which then exits with status 1. */
export const BACKUP_CODES = {
  BACKUP_NOT_CONFIGURED: {
    kind: 'invalid',
    title: 'Backup not configured',
    hint: 'Set `BACKUP_REPOSITORY` and `BACKUP_PASSWORD`, or `BACKUP_PASSWORD_FILE`.',
  },
  BACKUP_PROGRAM_MISSING: {
    kind: 'unavailable',
    title: 'Program missing',
    hint: 'Install the program named in the message.',
  },
  BACKUP_REPOSITORY_UNUSABLE: {
    kind: 'unavailable',
    title: 'Repository not usable',
    hint: 'Create it with `npm run backup -- init`, or correct `BACKUP_REPOSITORY`, its credentials or its password.',
  },
  BACKUP_BUSY: {
    kind: 'conflict',
    title: 'Backup busy',
    hint: 'Wait for the other backup, or for the removal of files, to finish.',
  },
  BACKUP_FAILED: {
    kind: 'unavailable',
    title: 'Backup failed',
    hint: 'Correct what the message names and repeat the command; earlier snapshots are unchanged.',
  },
  BACKUP_NOT_FOUND: {
    kind: 'not_found',
    title: 'Not in the backup',
    hint: 'Choose a snapshot and a path that `npm run backup -- list` shows.',
  },
  BACKUP_DAMAGED: {
    kind: 'invalid',
    title: 'Restored data incomplete',
    hint: 'Restore another snapshot, and examine the repository with `npm run backup -- check --read-data`.',
  },
  RESTORE_REFUSED: {
    kind: 'conflict',
    title: 'Restore refused',
    hint: 'Stop InferNode on this database, or restore with `--mode preview`.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
