import { AppError } from '../../errors/app-error.js';
import { INSTALLABLE_TASKS } from './layout.js';
import type { NetworkManifest } from './manifest.js';
import { ModelsFolder } from './models-folder.js';
import { fileProblem } from './network-files.js';

/**
 * Manifests are valid, and networks of the product's own tasks have files of the sizes that they name; engines check the
 * digests. Files of classifiers and detectors come and go by administrators' hands: what is wrong with one is shown among
 * the models.
 * @throws when there is no network, or a network of the product cannot be used; as `readdir` for the folder itself
 */
export async function checkModelsFolder(path: string): Promise<void> {
  const folder = new ModelsFolder(path);
  const entries = (await folder.entries()).filter(({ valid }) => valid);
  if (entries.length === 0) throw new Error(`There is no network in ${path}.`);
  for (const { id, layout } of entries) {
    if (layout === 'flat') continue;
    const manifest = await manifestOf(folder, id);
    if (manifest === null || INSTALLABLE_TASKS.has(manifest.task)) continue;
    const problem = await fileProblem(folder.folderOf(id), manifest);
    if (problem) throw new AppError(problem.code, { message: problem.message, details: { network: id } });
  }
}

/** Null for a network of which only older versions are left: it has no manifest at this place. */
async function manifestOf(folder: ModelsFolder, id: string): Promise<NetworkManifest | null> {
  try {
    return await folder.manifest(id);
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not_found') return null;
    throw error;
  }
}
