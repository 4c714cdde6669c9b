import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { guarded } from '../errors/guarded.js';
import { ChildMessageChannel, messageReader, SOCKET_DESCRIPTOR } from './message-channel.js';

/**
 * How messages are transported: `json` and `advanced` through Node's own channel, `socket` with binary data
 * attached.
 */
export type ChannelKind = 'json' | 'advanced' | 'socket';

/** The parent's end of the channel to a child. */
export interface ChildChannel {
  /** Sends a message; it is lost if the child has exited. */
  send(message: object, bytes?: Uint8Array): void;
}

/** Receives the messages of a child. */
export interface ChannelListener {
  receive(message: unknown): void;
  /** Receives errors thrown by `receive`, and the reason why data is not a message. */
  onInvalidMessage(error: unknown): void;
}

/** Stdio entry of the child for the channel. */
export const descriptorOf = (kind: ChannelKind | undefined): readonly ('pipe' | 'ipc')[] =>
  kind === undefined ? [] : [kind === 'socket' ? 'pipe' : 'ipc'];

/** Opens the channel to a child that was started with {@link descriptorOf} of the same kind. */
export function openChannel(
  child: ChildProcess,
  kind: ChannelKind | undefined,
  listener: ChannelListener,
): ChildChannel | undefined {
  const onInvalidMessage = (error: unknown): void => listener.onInvalidMessage(error);
  const receive = guarded(onInvalidMessage, (message: unknown) => listener.receive(message));
  if (kind !== 'socket') {
    child.on('message', receive);
    return { send: (message) => void (child.connected && child.send(message, () => undefined)) };
  }
  const socket: unknown = child.stdio?.at(SOCKET_DESCRIPTOR);
  if (!(socket instanceof Socket)) return undefined;
  const reader = messageReader({ receive, broken: onInvalidMessage });
  socket.on(
    'data',
    guarded(onInvalidMessage, (piece: Buffer) => reader.push(piece)),
  );
  // A broken channel is reported by the end of the process, which has more information.
  socket.on('error', () => undefined);
  return new ChildMessageChannel(socket);
}
