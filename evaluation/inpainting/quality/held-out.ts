import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/**
 * Photos under free licences, which may be shown on contact sheets. The same rule as in training/inpainting/photos.py.
 */
const FREE_FOLDER = 'cc-photos/';
const FREE_COUNT = 20;
const OTHER_COUNT = 40;

/** Paths, relative to `folder`, of the 60 held-out photos: the first by digest of the path. */
export async function heldOutPhotos(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true });
  const names = entries
    .map((entry) => entry.split(path.sep).join('/'))
    .filter((name) => /\.(jpe?g|png)$/i.test(name));
  const ranked = names
    .map((name) => ({ name, rank: createHash('sha256').update(name).digest('hex') }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map(({ name }) => name);
  const free = ranked.filter((name) => name.startsWith(FREE_FOLDER)).slice(0, FREE_COUNT);
  const other = ranked.filter((name) => !name.startsWith(FREE_FOLDER)).slice(0, OTHER_COUNT);
  return [...free, ...other].sort();
}
