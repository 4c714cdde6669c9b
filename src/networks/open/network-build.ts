import { createHash } from 'node:crypto';
import type { NetworkSource } from '../../domain/network.js';

const builds = new WeakMap<object, string>();

/** Digest of a network's files and its whole manifest. */
export function buildOf({ network }: NetworkSource): string {
  const known = builds.get(network);
  if (known !== undefined) return known;
  const build = createHash('sha256')
    .update(JSON.stringify([network.sha256, network.manifest]))
    .digest('hex');
  builds.set(network, build);
  return build;
}
