import { z } from 'zod';

/** Settings of backups. */
export const backupSettings = {
  /** Repository of `npm run backup`: a folder, `s3:…`, `sftp:…` or another one of restic. */
  BACKUP_REPOSITORY: z.string().optional(),
  /** Encrypts the repository. */
  BACKUP_PASSWORD: z.string().min(8).optional(),
  BACKUP_S3_ACCESS_KEY_ID: z.string().optional(),
  BACKUP_S3_SECRET_ACCESS_KEY: z.string().optional(),
};
