import { chmodSync } from 'node:fs';
import { makeFolderSync } from '../storage/folders.js';

/** Nothing for the group, nothing for others: folders are 0700 and files 0600. */
const OWNER_ONLY = 0o077;

/** Root's PostgreSQL runs as another account, which must be able to pass through the folder to its cluster, not to list it. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;

/** Makes everything that this process and its children create from now on (logs, media, keys, temporary files) private. */
export function createPrivateFiles(): void {
  process.umask(OWNER_ONLY);
}

/**
 * Makes the data folder where it is missing, closed to other accounts. One that exists keeps the mode that its owner gave it,
 * and so do the folders above.
 * @returns the topmost folder that was made, or undefined when it was there
 */
export function makeDataFolder(folder: string): string | undefined {
  const made = makeFolderSync(folder);
  if (made !== undefined) chmodSync(folder, process.getuid?.() === 0 ? PASSABLE : PRIVATE);
  return made;
}
