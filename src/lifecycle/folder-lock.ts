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

/** Who holds a folder. */
export interface FolderHolder {
  readonly pid: number;
  /** Base URL of its api; null while it starts. */
  readonly url: string | null;
}

/** Holds a data folder for one server; the kernel lets go of it when the process ends, however it ends. */
export interface FolderLock {
  /** Tells others where the server answers. */
  announce(url: string): void;
  release(): void;
  /** Lets go before anything was started: what taking the lock has made is removed. */
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
  /** Topmost folder that was made for it. */
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
          ? `This account may not write into ${folder}: it belongs to another one. Start as that account, or choose another folder with DATA_DIR.`
          : `The data folder ${folder} cannot be used: ${folderProblem(error)}. Choose another one with DATA_DIR.`,
      cause: error,
    });
  }
}

/**
 * Asks the kernel for the lock on an open file. The lock belongs to the open file, not to the program that took it,
 * so it stays with our descriptor when `flock` has ended, and is gone with this process.
 * @returns null where there is no `flock` or the file system knows no locks
 */
function kernelLock(descriptor: number): boolean | null {
  const { status, error } = spawnSync('flock', ['-n', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', descriptor],
  });
  if (error || status === null) return null;
  if (status === 0) return true;
  return status === 1 ? false : null;
}

/** Without the kernel's lock the lock file decides: another process's lock holds while that process runs. */
function noteLock(file: string): boolean {
  const note = readNote(file);
  return note === null || !isRunning(note);
}

/** Whether `file` is still the file that was opened: a removed folder may have been made again meanwhile. */
function isSameFile(descriptor: number, file: string): boolean {
  try {
    return fstatSync(descriptor).ino === statSync(file).ino;
  } catch {
    return false;
  }
}

/** The holder's note; one that has just got the lock is about to write it. */
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
      message: `Another process has ${path.join(folder, LOCK_FILE)} open and locked; it does not say which. Choose another folder with DATA_DIR.`,
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
 * Takes a data folder for this process. Neither a killed process nor a reboot leaves anything that would have to be
 * cleared, and of two that start at the same moment one gets it.
 * @throws AppError DATA_FOLDER_IN_USE that names the process which has it; DATA_FOLDER_UNUSABLE
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
    // The file stays: removing it would break the lock of a process that has just opened it.
    ftruncateSync(descriptor);
    closeSync(descriptor);
  };
  return {
    announce: write,
    release,
    discard: () => {
      if (made !== undefined) {
        // A process that has opened it meanwhile sees that it is another file, and tries again.
        rmSync(file, { force: true });
        removeEmptyFolders(folder, made);
      }
      release();
    },
  };
}
