import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { makeFolder } from './folders.js';

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Folders of files that are being imported, named by their ids. They outlive a process, so that another one continues. */
export class DiskImportFolders {
  readonly #root: string;

  /** @param root created when missing */
  constructor(root: string) {
    this.#root = root;
  }

  /** Creates the folder unless it exists. */
  async open(fileId: string): Promise<{ readonly path: string; remove(): Promise<void> }> {
    if (!ID.test(fileId)) throw new TypeError('The name of an import folder must be an id.');
    const folder = path.join(this.#root, fileId);
    await makeFolder(folder, 0o700);
    return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
  }

  /** Removes the folders of files that are not unfinished any more. */
  async sweep(unfinishedOf: (ids: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    const names = await readdir(this.#root).catch(() => []);
    const ids = names.filter((name) => ID.test(name));
    const unfinished = await unfinishedOf(ids);
    for (const id of ids)
      if (!unfinished.has(id)) await rm(path.join(this.#root, id), { recursive: true, force: true });
  }
}
