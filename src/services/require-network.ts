import type { InstalledNetwork, NetworkCatalogue, NetworkRef } from '../domain/network.js';
import { AppError } from '../errors/app-error.js';
import type { RequiredNetwork } from '../tasks/definition.js';

/** What a network is needed for. */
export type NetworkPurpose = Pick<RequiredNetwork<unknown>, 'task' | 'purpose'>;

/**
 * Refuses networks of another task before they are loaded: one would push a useful network out of memory for nothing.
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
