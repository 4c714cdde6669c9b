import os from 'node:os';
import { fitImage } from '../../media/fit-image.js';
import { openNetwork } from '../../networks/open/open-network.js';
import { openParentChannel } from '../../supervision/parent-channel.js';
import { ModelServerHost } from './host.js';
import { join, type FromModelServer, type ToModelServer } from './protocol.js';

/**
 * Entry point of a model server process, started by its pool. It serves one network for the life of the
 * process, because only the end of the process frees all memory that the runtime has used.
 */
const HEARTBEAT_MS = 1_000;

// Only the pool sends messages on this channel.
const channel = openParentChannel((message, bytes) => host.receive(join(message as ToModelServer, bytes)));

const send = (message: FromModelServer): Promise<void> =>
  new Promise((resolve) => channel.send(message, undefined, resolve));

const host = new ModelServerHost({
  send,
  open: (request) => openNetwork(request, fitImage),
  decoders: Math.max(2, Math.min(4, os.availableParallelism())),
  rssBytes: () => process.memoryUsage.rss(),
});

void send({ type: 'ready' });
setInterval(() => void send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), HEARTBEAT_MS);
