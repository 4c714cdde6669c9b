import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { ChildMessageChannel, messageReader, SOCKET_DESCRIPTOR } from '../../supervision/message-channel.js';
import { ServoEngineHost } from './host.js';
import type { FromServoEngine } from './protocol.js';

/** Entry of a servo engine, started by the servo engine pool. It ends with its parent. */
const HEARTBEAT_MS = 1_000;
/** What is read at once; used again and again. */
const READ_BYTES = 256 * 1024;

const end = (): never => process.exit(0);

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
const channel = new ChildMessageChannel(socket);
const send = (message: FromServoEngine): void => channel.send(message);
const host = new ServoEngineHost(send);
const reader = messageReader({ receive: (message, bytes) => host.receive(message, bytes), broken: end });

// The pool is gone, or its process is.
socket.on('end', end);
socket.on('close', end);
socket.on('error', end);
socket.resume();
process.on('SIGTERM', end);
send({ type: 'ready' });
setInterval(() => send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), HEARTBEAT_MS);
