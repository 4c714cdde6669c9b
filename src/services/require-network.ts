import type { InstalledNetwork, NetworkCatalogue, NetworkRef } from '../domain/network.js';
import { AppError } from '../errors/app-error.js';
import type { RequiredNetwork } from '../tasks/definition.js';

/** The task that a network must support. */
export type NetworkPurpose = Pick<RequiredNetwork<unknown>, 'task' | 'purpose'>;

/**
 * Rejects networks of another task before loading, since loading one could evict a network that is in use.
 * @throws AppError `NETWORK_NOT_FOUND`, the network's problem, or `NETWORK_TASK_UNSUPPORTED` (invalid)
 */
export async function requireNetwork(
  catalogue: Pick<NetworkCatalogue, 'find'>,
  ref: NetworkRef,
  needed: NetworkPurpose,
): Promise<InstalledNetwork> {
  const { network } = await catalogue.find(ref);
  const { id, task } = network;
  if (task === needed.task) return network;
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${id} is for the task ${task}; only networks of task ${needed.task} ${needed.purpose}.`,
    details: { network: id, task },
  });
}
