import { spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../errors/app-error.js';
import { folderProblem, removeEmptyFolders } from '../storage/folders.js';
import { makeDataFolder } from './private-files.js';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.js';

/** The process that holds a folder. */
export interface FolderHolder {
  readonly pid: number;
  /** Base URL of its api; null while it starts. */
  readonly url: string | null;
}

/** Exclusive lock of a data folder. The kernel releases it when the process ends in any way. */
export interface FolderLock {
  /** Publishes the URL of the server in the lock file. */
  announce(url: string): void;
  release(): void;
  /** Releases the lock before anything was started, and removes the folders created for it. */
  discard(): void;
}

interface LockNote extends ProcessIdentity {
  readonly url: string | null;
}

const LOCK_FILE = 'server.lock';
const NOTE_DEADLINE_MS = 1_000;

function readNote(file: string): LockNote | null {
  try {
    const note = JSON.parse(readFileSync(file, 'utf8')) as Partial<LockNote>;
    if (typeof note.pid !== 'number') return null;
    return { pid: note.pid, startedAt: note.startedAt ?? '', url: note.url ?? null };
  } catch {
    return null;
  }
}

interface OpenLockFile {
  readonly descriptor: number;
  /** Topmost folder that was created for the lock. */
  readonly made: string | undefined;
}

function openLockFile(folder: string, file: string): OpenLockFile {
  try {
    const made = makeDataFolder(folder);
    return { made, descriptor: openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new AppError('DATA_FOLDER_UNUSABLE', {
      message:
        code === 'EACCES' || code === 'EPERM'
          ? `This account cannot write to ${folder}, which belongs to another account. Start as that account, or choose another folder with DATA_DIR.`
          : `The data folder ${folder} cannot be used: ${folderProblem(error)}. Choose another one with DATA_DIR.`,
      cause: error,
    });
  }
}

/**
 * Takes the kernel's lock on an open file. The lock belongs to the open file, not to the `flock` program, so
 * our descriptor keeps it after `flock` has exited, until this process ends.
 * @returns null when there is no `flock` or the file system does not support locks
 */
function kernelLock(descriptor: number): boolean | null {
  const { status, error } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  });
  if (error || status === null) return null;
  if (status === 0) return true;
  return status === 1 ? false : null;
}

/**
 * Fallback without kernel locks: the lock file names its holder, and the lock is valid while that process
 * runs.
 */
function noteLock(file: string): boolean {
  const note = readNote(file);
  return note === null || !isRunning(note);
}

/** Whether `file` is still the opened file: the folder may have been removed and created again. */
function isSameFile(descriptor: number, file: string): boolean {
  try {
    return fstatSync(descriptor).ino === statSync(file).ino;
  } catch {
    return false;
  }
}

/**
 * The holder's note; waits briefly, because a process that has just taken the lock may not have written it
 * yet.
 */
async function noteOfHolder(file: string): Promise<FolderHolder> {
  const deadline = Date.now() + NOTE_DEADLINE_MS;
  for (;;) {
    const note = readNote(file);
    if (note !== null && isRunning(note)) return note;
    if (Date.now() > deadline) return { pid: 0, url: null };
    await delay(20);
  }
}

function folderInUse(folder: string, { pid, url }: FolderHolder): AppError {
  if (pid === 0) {
    return new AppError('DATA_FOLDER_IN_USE', {
      message: `An unknown process holds the lock of ${path.join(folder, LOCK_FILE)}. Choose another folder with DATA_DIR.`,
      details: { pid: null, url: null },
    });
  }
  const where = url === null ? 'still starting' : `at ${url}`;
  return new AppError('DATA_FOLDER_IN_USE', {
    message:
      `InferNode already runs on ${folder}: process ${pid}, ${where}. ` +
      `Use that one, stop it (kill ${pid}), or give this one another folder and port: DATA_DIR=./data2 PORT=0 npm start`,
    details: { pid, url },
  });
}

/** The server that holds a data folder, or null. */
export function folderHolder(folder: string): FolderHolder | null {
  const note = readNote(path.join(folder, LOCK_FILE));
  return note !== null && isRunning(note) ? { pid: note.pid, url: note.url } : null;
}

/**
 * Takes the lock of a data folder for this process. Killed processes and reboots leave nothing to clean up,
 * and of two processes that start at the same time only one gets the lock.
 * @throws AppError DATA_FOLDER_IN_USE naming the process that holds it; DATA_FOLDER_UNUSABLE
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const file = path.join(folder, LOCK_FILE);
  const { descriptor, made } = openLockFile(folder, file);
  const taken = kernelLock(descriptor) ?? noteLock(file);
  if (!taken) {
    closeSync(descriptor);
    throw folderInUse(folder, await noteOfHolder(file));
  }
  if (!isSameFile(descriptor, file)) {
    closeSync(descriptor);
    return lockFolder(folder);
  }
  const write = (url: string | null) => {
    ftruncateSync(descriptor);
    writeSync(descriptor, JSON.stringify({ ...ownIdentity(), url }), 0);
  };
  write(null);
  const release = () => {
    // The file is kept: removing it would break the lock of a process that has just opened it.
    ftruncateSync(descriptor);
    closeSync(descriptor);
  };
  return {
    announce: write,
    release,
    discard: () => {
      if (made !== undefined) {
        // A process that has just opened it notices that the file was replaced, and tries again.
        rmSync(file, { force: true });
        removeEmptyFolders(folder, made);
      }
      release();
    },
  };
}
