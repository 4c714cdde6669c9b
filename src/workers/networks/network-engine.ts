import os from 'node:os';
import { NetworkHost } from './network-host.js';
import { openNetwork } from '../../inference/classification/open-network.js';
import type { FromNetworkEngine, ToNetworkEngine } from './network-protocol.js';

/**
 * Entry of a network engine, forked by the network engine pool: one network for the life of the process. Its memory
 * comes back because the process ends; no runtime gives all of it back before.
 */
const HEARTBEAT_MS = 1_000;

const send = (message: FromNetworkEngine): Promise<void> =>
  new Promise((resolve) => {
    if (process.send === undefined) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });

const host = new NetworkHost({
  send,
  open: openNetwork,
  decoders: Math.max(2, Math.min(4, os.availableParallelism())),
  rssBytes: () => process.memoryUsage.rss(),
});

// Only the pool speaks on this channel.
process.on('message', (message: ToNetworkEngine) => host.receive(message));
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
void send({ type: 'ready' });
setInterval(() => void send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), HEARTBEAT_MS);
