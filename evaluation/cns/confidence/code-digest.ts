import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Files that a result depends on. */
export interface DigestRequest {
  /** What the paths below are relative to. */
  readonly root: string;
  /** Files and folders; folders count with all that is in them. */
  readonly paths: readonly string[];
  /** Paths that do not count, relative to `root`, with all below them. */
  readonly except?: readonly string[];
}

const SOURCE_MAP = '.map';

/** A digest of the contents and names of files: another digest means that a kept result may no longer hold. */
export async function digestOf({ root, paths, except = [] }: DigestRequest): Promise<string> {
  const hash = createHash('sha256');
  const skipped = (file: string): boolean =>
    file.endsWith(SOURCE_MAP) || except.some((one) => file === one || file.startsWith(one + path.sep));
  const add = async (file: string): Promise<void> => {
    if (skipped(file)) return;
    const absolute = path.join(root, file);
    if ((await stat(absolute)).isDirectory()) {
      for (const name of (await readdir(absolute)).sort()) await add(path.join(file, name));
      return;
    }
    hash.update(`${file}\n`).update(await readFile(absolute));
  };
  for (const file of paths) await add(file);
  return hash.digest('hex');
}
