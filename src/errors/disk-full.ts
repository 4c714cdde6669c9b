import { AppError } from './app-error.js';

/** Whether a system call or program failed because the disk or the account's quota is full. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code: unknown = Reflect.get(error, 'code');
  return code === 'ENOSPC' || code === 'EDQUOT' || isDiskFull(error.cause);
}

/** Error of a job whose files did not fit on the disk; the job is retried when there is space. */
export const diskFullInJob = (cause?: unknown): AppError =>
  new AppError('STORAGE_FULL', { message: 'The disk of the server became full while the job ran.', cause });
