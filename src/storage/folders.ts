import { mkdirSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../errors/app-error.js';

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

/** Whether a folder could not be created because its parent is missing. */
const lacksParent = (error: unknown, folder: string): boolean =>
  codeOf(error) === 'ENOENT' && path.dirname(folder) !== folder;

/**
 * Creates a folder and its parents, one level at a time: Node's recursive mkdir never returns when a parent exists but
 * its file system still answers ENOENT for a child (/proc, some network and FUSE mounts).
 * @param mode mode of every created folder
 * @returns the topmost created folder, or undefined when the folder already existed
 */
export function makeFolderSync(folder: string, mode = 0o777): string | undefined {
  const target = path.resolve(folder);
  const attempt = (): string | undefined => {
    try {
      mkdirSync(target, { mode });
      return target;
    } catch (error) {
      if (codeOf(error) === 'EEXIST' && statSync(target).isDirectory()) return undefined;
      throw error;
    }
  };
  try {
    return attempt();
  } catch (error) {
    if (!lacksParent(error, target)) throw error;
  }
  const first = makeFolderSync(path.dirname(target), mode);
  const last = attempt();
  return first ?? last;
}

/** {@link makeFolderSync} off the event loop. */
export async function makeFolder(folder: string, mode = 0o777): Promise<void> {
  const target = path.resolve(folder);
  const attempt = async (): Promise<void> => {
    try {
      await mkdir(target, { mode });
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || !(await stat(target)).isDirectory()) throw error;
    }
  };
  try {
    return await attempt();
  } catch (error) {
    if (!lacksParent(error, target)) throw error;
  }
  await makeFolder(path.dirname(target), mode);
  await attempt();
}

/** Removes folders created by `makeFolderSync`, as far as they are empty. */
export function removeEmptyFolders(folder: string, topmost: string): void {
  try {
    for (let current = path.resolve(folder); ; current = path.dirname(current)) {
      rmdirSync(current);
      if (current === topmost) return;
    }
  } catch {
    // The folder is not empty.
  }
}

/** Describes for the user why a folder cannot be used. */
export function folderProblem(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'it does not exist and cannot be made there';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'a part of this path is a file';
    case 'EACCES':
    case 'EPERM':
      return 'this account may not write there';
    case 'EROFS':
      return 'it lies on a read-only file system';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'there is no space left';
    default:
      return messageOf(error);
  }
}

/** A folder that the product writes to, and its setting. */
export interface FolderSetting {
  readonly setting: string;
  readonly folder: string;
  readonly mode?: number;
}

const probeOf = (folder: string): string => path.join(folder, `.write-probe-${process.pid}-${Date.now()}`);

/**
 * Creates a folder if missing and writes a test file to it, because permissions do not show read-only mounts.
 * @returns the topmost created folder, or undefined when the folder already existed
 * @throws AppError FOLDER_UNUSABLE naming the setting and the remedy
 */
export function requireWritableFolder({ setting, folder, mode = 0o700 }: FolderSetting): string | undefined {
  try {
    const made = makeFolderSync(folder, mode);
    const probe = probeOf(folder);
    writeFileSync(probe, 'x');
    rmSync(probe);
    return made;
  } catch (cause) {
    throw new AppError('FOLDER_UNUSABLE', {
      message: `${setting}: nothing can be written into ${folder}: ${folderProblem(cause)}. Make it writable for this account, or set ${setting} to another folder.`,
      details: { folder },
      cause,
    });
  }
}

/**
 * Checks that a folder is writable by creating and removing a file.
 * @throws AppError STORAGE_UNWRITABLE (unavailable), or STORAGE_FULL
 */
export async function probeWrite(folder: string): Promise<void> {
  const probe = probeOf(folder);
  try {
    await writeFile(probe, 'x');
  } catch (cause) {
    const full = codeOf(cause) === 'ENOSPC' || codeOf(cause) === 'EDQUOT';
    throw new AppError(full ? 'STORAGE_FULL' : 'STORAGE_UNWRITABLE', {
      message: full
        ? 'The server has no disk space left.'
        : `The server cannot write its files at the moment (${codeOf(cause)}).`,
      cause,
    });
  } finally {
    await rm(probe, { force: true }).catch(() => undefined);
  }
}
