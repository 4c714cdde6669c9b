import { open, readdir } from 'node:fs/promises';

/** Syncs a file to the disk, makes it private and returns its size in bytes. */
export async function flushFile(path: string): Promise<number> {
  await using file = await open(path, 'r+');
  await file.chmod(0o600);
  await file.sync();
  return (await file.stat()).size;
}

/** Syncs the entries of a folder to the disk. */
export async function flushFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** Empty for a folder that does not exist or is a file. */
export const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Code of a system error. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** Whether a file or folder does not exist. */
export const isNotFound = (error: unknown): boolean => codeOf(error) === 'ENOENT';
