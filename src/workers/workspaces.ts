import { readdir, realpath, rm } from 'node:fs/promises';
import path from 'node:path';
import { createReadStream } from 'node:fs';
import { AppError } from '../errors/app-error.js';
import { RESULT_CHUNK_BYTES } from '../domain/result.js';
import { makeFolder } from '../storage/folders.js';
import type { ClaimedJob } from '../services/job-recorder.service.js';

/** A start by the name of its folder. */
export interface WorkspaceOwner {
  readonly jobId: string;
  readonly fence: string;
}

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const FOLDER = new RegExp(`^(${UUID})\\.(${UUID})$`);

/**
 * Folders of running starts, one each: a start never sees what an earlier one left behind. The worker that claims a job
 * again clears what its earlier starts left: they have lost their fence, so nothing of theirs counts any more.
 */
export class Workspaces {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Makes the empty folder of a start, readable by us alone; folders of the job's earlier starts go. */
  async create({ job, fence }: ClaimedJob): Promise<string> {
    await this.sweep(async (owner) => owner.jobId !== job.id);
    const folder = path.join(this.#root, `${job.id}.${fence}`);
    await makeFolder(folder, 0o700);
    return folder;
  }

  async remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Removes the folders whose start is over, such as those of a worker that was killed. @returns how many. */
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
 * Checks that `file` really lies in `workspace`, links resolved: an engine that a hostile file took over
 * must not make us publish another file.
 * @returns a function that opens it from its start.
 * @throws AppError RESULT_MISSING (internal, so another start may do better).
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
