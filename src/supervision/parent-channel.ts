import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import { ChildMessageChannel, messageReader, SOCKET_DESCRIPTOR } from './message-channel.js';

/** Size of the read buffer, which is reused: a chunk of its own for each read would be garbage at once. */
const READ_BYTES = 256 * 1024;

/**
 * Opens the channel of an engine process to the pool that started it. The process exits when the channel breaks or the pool
 * is gone, because no other process can receive its results.
 */
export function openParentChannel(
  receive: (message: unknown, bytes: Uint8Array) => void,
): ChildMessageChannel {
  const end = (): never => process.exit(0);
  const reader = messageReader({ receive, broken: end });
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
  socket.on('end', end);
  socket.on('close', end);
  socket.on('error', end);
  socket.resume();
  process.on('SIGTERM', end);
  return new ChildMessageChannel(socket);
}
