import { listLoaded } from './loaded-here.js';
import { NetworkRegistry } from './network-registry.js';

const registries = new Map<string, NetworkRegistry>();

/**
 * The registry of this process for a models folder. Engines run many jobs, so networks stay loaded and GPUs
 * are probed only once.
 */
export function networkRegistryOf(folder: string): NetworkRegistry {
  const known = registries.get(folder);
  if (known) return known;
  const registry = new NetworkRegistry({ folder });
  registries.set(folder, registry);
  listLoaded(() => registry.loaded());
  return registry;
}
