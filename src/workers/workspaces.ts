import { readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { createReadStream } from 'node:fs';
import { AppError } from '../errors/app-error.js';
import { RESULT_CHUNK_BYTES } from '../domain/result.js';
import { makeFolder } from '../storage/folders.js';
import type { ClaimedJob } from '../services/job-recorder.service.js';

/** The attempt to which a folder belongs, as encoded in its name. */
export interface WorkspaceOwner {
  readonly jobId: string;
  readonly fence: string;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const FOLDER = new RegExp(`^(${UUID})\\.(${UUID})$`);

/**
 * Temporary folders of running attempts, one each, so that an attempt never sees files of an earlier one. The
 * worker that claims a job again removes the folders of earlier attempts, which have lost their fence.
 */
export class Workspaces {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Creates the empty folder of an attempt with access for this account only; removes folders of the job's
   * earlier attempts.
   */
  async create({ job, fence }: ClaimedJob): Promise<string> {
    await this.sweep(async (owner) => owner.jobId !== job.id);
    const folder = path.join(this.#root, `${job.id}.${fence}`);
    await makeFolder(folder, 0o700);
    return folder;
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Removes folders of attempts that have ended, such as those of a killed worker. @returns their number. */
  async sweep(isAlive: (owner: WorkspaceOwner) => Promise<boolean>): Promise<number> {
    const names = await readdir(this.#root).catch(() => []);
    let removed = 0;
    for (const name of names) {
      const [, jobId, fence] = FOLDER.exec(name) ?? [];
      if (jobId === undefined || (await isAlive({ jobId, fence }))) continue;
      await this.remove(path.join(this.#root, name));
      removed += 1;
    }
    return removed;
  }
}

/**
 * Checks that `file` is really inside `workspace` after resolving links: an engine compromised by a hostile
 * file must not make us publish another file.
 * @returns a function that opens the file at its beginning.
 * @throws AppError RESULT_MISSING (internal, so that the job is retried).
 */
export async function openFromWorkspace(
  workspace: string,
  file: string,
): Promise<() => AsyncIterable<Buffer>> {
  const folder = await realpath(workspace);
  const resolved = await realpath(path.resolve(workspace, file)).catch(() => '');
  if (!resolved.startsWith(folder + path.sep)) {
    const message = 'The engine left no result file in its workspace.';
    throw new AppError('RESULT_MISSING', { message });
  }
  return () => createReadStream(resolved, { highWaterMark: RESULT_CHUNK_BYTES });
}
