import { Restic } from '../../src/backup/restic.js';
import { backupEnvironment } from '../../src/config/backup-environment.js';
import type { Settings } from '../../src/config/settings.js';
import { AppError } from '../../src/errors/app-error.js';

/** The name of a repository without a password that its URL may contain. */
const shown = (repository: string): string => repository.replace(/\/\/[^/@]*@/, '//…@');

/**
 * The repository of the settings.
 * @throws AppError BACKUP_NOT_CONFIGURED naming the missing settings
 */
export function openRepository(settings: Settings): Restic {
  const { repository, password } = settings.backup;
  const missing = [
    ...(repository === undefined
      ? ['BACKUP_REPOSITORY (a folder, s3:https://HOST/BUCKET or sftp:USER@HOST:/FOLDER)']
      : []),
    ...(password === undefined ? ['BACKUP_PASSWORD or BACKUP_PASSWORD_FILE'] : []),
  ];
  if (repository === undefined || password === undefined) {
    throw new AppError('BACKUP_NOT_CONFIGURED', { message: `Set ${missing.join(', and ')}.` });
  }
  return new Restic(backupEnvironment(settings), shown(repository));
}
