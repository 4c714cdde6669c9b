import path from 'node:path';
import type { DeviceRequest, NetworkIdentity } from '../domain/job.js';
import { fitImage } from '../media/fit-image.js';
import { FolderCatalogue } from '../networks/catalogue/folder-catalogue.js';
import { leaseNetwork, type LeasedNetwork } from '../networks/open/open-network.js';
import { networkRegistryOf } from '../networks/runtime/network-registries.js';
import type { EngineContext } from './definition.js';

/** A network of the models folder as a job's parameters name it. */
export interface JobNetworkRequest {
  readonly modelId: string;
  /** The highest one unless given. */
  readonly version?: string;
  readonly device: DeviceRequest;
  readonly strict: boolean;
}

/** A network in use by a job, which releases it; the next job of the engine finds it in memory. */
export interface JobNetwork extends LeasedNetwork {
  readonly identity: NetworkIdentity;
}

/** Opens the network of a job, or finds it open. @throws AppError of the catalogue and as `openNetwork` */
export async function openJobNetwork(
  { modelId, version, device: requested, strict }: JobNetworkRequest,
  { modelsDirectory, labelsDirectory, threads }: EngineContext,
): Promise<JobNetwork> {
  const labels = labelsDirectory ?? path.join(modelsDirectory, 'labels');
  const catalogue = new FolderCatalogue({ models: modelsDirectory, labels });
  const source = await catalogue.find({ id: modelId, version });
  const device = { requested, strict };
  const registry = networkRegistryOf(modelsDirectory);
  const leased = await leaseNetwork(registry, { source, device, threads }, fitImage);
  const { id, version: found, sha256 } = source.network;
  return { ...leased, identity: { id, version: found, sha256 } };
}
