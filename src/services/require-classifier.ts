import type { NetworkCatalogue, NetworkRef } from '../domain/network.js';
import { AppError } from '../errors/app-error.js';

/**
 * Refuses networks that tell no classes before they are loaded: one of another task would push a classifier out of memory
 * for nothing.
 * @throws AppError `NETWORK_NOT_FOUND`, the network's problem, or `NETWORK_TASK_UNSUPPORTED` (invalid)
 */
export async function requireClassifier(
  catalogue: Pick<NetworkCatalogue, 'find'>,
  ref: NetworkRef,
): Promise<void> {
  const { id, task } = (await catalogue.find(ref)).network;
  if (task === 'classification') return;
  throw new AppError({
    code: 'NETWORK_TASK_UNSUPPORTED',
    kind: 'invalid',
    message: `Network ${id} is for the task ${task}; only networks of task classification tell classes.`,
    details: { network: id, task },
  });
}
