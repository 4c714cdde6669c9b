import type { InstalledNetwork, NetworkCatalogue, NetworkRef } from '../domain/network.js';
import { AppError } from '../errors/app-error.js';
import type { NetworkRights, NetworkUser } from './network-rights.service.js';
import type { RequiredNetwork } from '../tasks/definition.js';

/** The task that a network must support. */
export type NetworkPurpose = Pick<RequiredNetwork<unknown>, 'task' | 'purpose'>;

/** Installed networks, and who may use them. */
export interface NetworkAccess {
  readonly catalogue: Pick<NetworkCatalogue, 'find'>;
  readonly rights: Pick<NetworkRights, 'require'>;
}

/** Id of the network that a servoing policy runs; null for policies without one. */
export const policyNetwork = (policy: string): string | null => (policy === 'cns' ? 'cns' : null);

/**
 * Rejects networks of another task before loading, since loading one could evict a network that is in use.
 * @throws AppError `NETWORK_NOT_FOUND`, also for a network that the user may not use, the network's problem, or `NETWORK_TASK_UNSUPPORTED` (invalid)
 */
export async function requireNetwork(
  { catalogue, rights }: NetworkAccess,
  ref: NetworkRef,
  { user, ...needed }: NetworkPurpose & { readonly user: NetworkUser },
): Promise<InstalledNetwork> {
  await rights.require(user, ref.id);
  const { network } = await catalogue.find(ref);
  const { id, task } = network;
  if (task === needed.task) return network;
  throw new AppError('NETWORK_TASK_UNSUPPORTED', {
    message: `Network ${id} is for the task ${task}; only networks of task ${needed.task} ${needed.purpose}.`,
    details: { network: id, task },
  });
}
