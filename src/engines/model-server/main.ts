import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import os from 'node:os';
import { fitImage } from '../../media/fit-image.js';
import { openNetwork } from '../../networks/open/open-network.js';
import { ChildMessageChannel, messageReader, SOCKET_DESCRIPTOR } from '../../supervision/message-channel.js';
import { ModelServerHost } from './host.js';
import { join, type FromModelServer, type ToModelServer } from './protocol.js';

/**
 * Entry point of a model server process, started by its pool. It serves one network for the life of the
 * process, because only the end of the process frees all memory that the runtime has used.
 */
const HEARTBEAT_MS = 1_000;
/** Size of the read buffer, which is reused. */
const READ_BYTES = 256 * 1024;

const end = (): never => process.exit(0);

const reader = messageReader({
  // Only the pool sends messages on this channel.
  receive: (message, bytes) => host.receive(join(message as ToModelServer, bytes)),
  broken: end,
});
const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = {
  fd: SOCKET_DESCRIPTOR,
  onread: {
    buffer,
    callback: (length) => {
      reader.push(buffer.subarray(0, length));
      return true;
    },
  },
};
const socket = new Socket(options);
// The pool has closed the channel, or its process has exited.
socket.on('end', end);
socket.on('close', end);
socket.on('error', end);
socket.resume();
const channel = new ChildMessageChannel(socket);

const send = (message: FromModelServer): Promise<void> =>
  new Promise((resolve) => channel.send(message, undefined, resolve));

const host = new ModelServerHost({
  send,
  open: (request) => openNetwork(request, fitImage),
  decoders: Math.max(2, Math.min(4, os.availableParallelism())),
  rssBytes: () => process.memoryUsage.rss(),
});

process.on('SIGTERM', end);
void send({ type: 'ready' });
setInterval(() => void send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), HEARTBEAT_MS);
