import path from 'node:path';
import type { Settings } from '../config/settings.js';
import { AppError, messageOf } from '../errors/app-error.js';
import { removeEmptyFolders, requireWritableFolder, type FolderSetting } from '../storage/folders.js';

/** Folders that every process writes to, with the names of their settings. */
function foldersOf(settings: Settings): readonly FolderSetting[] {
  const { kind, fallback } = settings.storage;
  const usesDisk = kind === 'disk' || fallback === 'disk';
  return [
    { setting: 'DATA_DIR', folder: settings.folders.data },
    ...(usesDisk ? [{ setting: 'MEDIA_DIR', folder: settings.folders.media }] : []),
    { setting: 'LOG_DIR', folder: settings.folders.logs },
  ];
}

/**
 * Creates the configured folders and writes a test file into each, before anything else is started or logged.
 * @throws AppError FOLDER_UNUSABLE naming every faulty setting
 */
export function requireFolders(settings: Settings): void {
  const problems: AppError[] = [];
  const made: { folder: string; topmost: string }[] = [];
  for (const folder of foldersOf(settings)) {
    // Folders inside of an unusable folder would only repeat the same problem.
    if (problems.some(({ details }) => isWithin(folder.folder, details.folder))) continue;
    try {
      const topmost = requireWritableFolder(folder);
      if (topmost !== undefined) made.push({ folder: folder.folder, topmost });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(error);
    }
  }
  if (problems.length === 0) return;
  for (const { folder, topmost } of made.reverse()) removeEmptyFolders(folder, topmost);
  const message = problems.map(messageOf).join('\n');
  throw new AppError('FOLDER_UNUSABLE', { message, cause: problems[0] });
}

const isWithin = (folder: string, above: unknown): boolean =>
  typeof above === 'string' && folder.startsWith(`${above}${path.sep}`);

/** {@link requireFolders} for an entry point that has no log yet: prints the problem and exits. */
export function requireFoldersOrExit(settings: Settings): void {
  try {
    requireFolders(settings);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(1);
  }
}
