import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { makeFolder } from './folders.js';

const OWNER_FILE = '.owner';
const SAFE_NAME = /^[A-Za-z0-9_-]{1,128}$/;
/** Age up to which folders of other machines (a shared disk, a container with a new name) are kept. */
const FOREIGN_AGE_MS = 24 * 3600 * 1000;

/** A folder for one upload or one attempt of a job. */
export interface TempFolder {
  readonly path: string;
  /** Path of a file inside; `name` must be a plain internal name, never user input. */
  file(name: string): string;
  /** Removes the folder and its content. Idempotent. */
  remove(): Promise<void>;
}

interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Start time of the process from the kernel, if available; detects reused process ids. */
  readonly startedAt: string;
}

/**
 * Temporary folders `<root>/<kind>/<id>`, each owned by the process that created it. They are only removed by
 * {@link TempFolder.remove} and {@link sweep}: folders left by a crash are removed at the next start.
 */
export class TempFolders {
  readonly #root: string;

  /** @param root created when missing; should be on the same file system as the blob store */
  constructor(root: string) {
    this.#root = resolve(root);
  }

  /**
   * Creates a folder. An existing folder with the same name is removed first.
   * @param kind for example `uploads` or `attempts`
   * @param id for example `<job>-<attempt>`; letters, digits, `-` and `_`
   */
  async create(kind: string, id: string): Promise<TempFolder> {
    for (const name of [kind, id]) {
      if (!SAFE_NAME.test(name)) throw new TypeError('kind and id of a temporary folder must be plain names');
    }
    const path = join(this.#root, kind, id);
    await rm(path, { recursive: true, force: true });
    await makeFolder(path, 0o700);
    await writeFile(join(path, OWNER_FILE), JSON.stringify(await currentOwner()), { mode: 0o600 });
    return {
      path,
      file: (name) => join(path, basename(name)),
      remove: () => rm(path, { recursive: true, force: true }),
    };
  }

  /**
   * Removes the folders of dead processes; safe while other processes are running.
   * @returns number of removed folders
   */
  async sweep(now = Date.now()): Promise<number> {
    let removed = 0;
    for (const kind of await namesIn(this.#root)) {
      for (const id of await namesIn(join(this.#root, kind))) {
        const path = join(this.#root, kind, id);
        if (await isInUse(path, now)) continue;
        await rm(path, { recursive: true, force: true });
        removed += 1;
      }
    }
    return removed;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

async function isInUse(path: string, now: number): Promise<boolean> {
  const owner = await readOwner(path);
  const changed = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  // Without an owner file the folder is either being created at this moment or left over.
  if (owner === undefined) return now - changed < 60_000;
  if (owner.host !== hostname()) return now - changed < FOREIGN_AGE_MS;
  return isAlive(owner.pid) && (await startTimeOf(owner.pid)) === owner.startedAt;
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function currentOwner(): Promise<Owner> {
  return { host: hostname(), pid: process.pid, startedAt: await startTimeOf(process.pid) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM means that the process exists and belongs to another account.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/<pid>/stat (proc(5)); empty without /proc, in which case only the process id is compared. */
async function startTimeOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The command name in field 2 may contain blanks and brackets, so fields are counted after its last bracket.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}
