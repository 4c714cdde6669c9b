import { AppError } from './app-error.js';

/** Whether a system call or a program failed because the disk, or the account's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code: unknown = Reflect.get(error, 'code');
  return code === 'ENOSPC' || code === 'EDQUOT' || isDiskFull(error.cause);
}

/** What is said of a job whose files did not fit on the disk: it is tried again when there is room. */
export const diskFullInJob = (cause?: unknown): AppError =>
  new AppError('STORAGE_FULL', { message: 'The disk of the server became full while the job ran.', cause });
