import { chmodSync } from 'node:fs';
import { makeFolderSync } from '../storage/folders.js';

/** umask: no permissions for group and others, so folders are 0700 and files 0600. */
const OWNER_ONLY = 0o077;

/**
 * When root's PostgreSQL runs as another account, that account must be able to traverse the folder to its
 * cluster, but not to list it.
 */
const PASSABLE = 0o711;
const PRIVATE = 0o700;

/**
 * Makes all files that this process and its children create from now on private (logs, media, keys, temporary
 * files).
 */
export function createPrivateFiles(): void {
  process.umask(OWNER_ONLY);
}

/**
 * Creates the data folder if it is missing, without access for other accounts. Existing folders keep their
 * mode.
 * @returns the topmost folder that was created, or undefined if none was
 */
export function makeDataFolder(folder: string): string | undefined {
  const made = makeFolderSync(folder);
  if (made !== undefined) chmodSync(folder, process.getuid?.() === 0 ? PASSABLE : PRIVATE);
  return made;
}
