import { AppError } from '../../errors/app-error.js';
import { INSTALLABLE_TASKS } from './layout.js';
import type { NetworkManifest } from './manifest.js';
import { ModelsFolder } from './models-folder.js';
import { fileProblem } from './network-files.js';

/**
 * Checks that manifests are valid and that the files of networks of the product's own tasks have the declared
 * sizes; engines check the digests. Classifiers and detectors are managed by admins, so their problems are
 * shown in the list of models instead.
 * @throws when there is no network, or a network of the product cannot be used; errors of `readdir` for the
 *   folder itself
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

/** Null for a network with only older versions, which has no manifest at this place. */
async function manifestOf(folder: ModelsFolder, id: string): Promise<NetworkManifest | null> {
  try {
    return await folder.manifest(id);
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not_found') return null;
    throw error;
  }
}
