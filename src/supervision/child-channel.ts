import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { guarded } from '../errors/guarded.js';
import { ChildMessageChannel, messageReader, SOCKET_DESCRIPTOR } from './message-channel.js';

/** How messages travel: `json` and `advanced` by Node's own channel, `socket` with bytes next to them. */
export type ChannelKind = 'json' | 'advanced' | 'socket';

/** The parent's end of the way to a child. */
export interface ChildChannel {
  /** Sends a message; to a child that is gone it is lost. */
  send(message: object, bytes?: Uint8Array): void;
}

/** Who takes what the child sends. */
export interface ChannelListener {
  receive(message: unknown): void;
  /** Takes what `receive` threw, or why the bytes are no message. */
  misunderstood(error: unknown): void;
}

/** What a child is given as its descriptor for messages. */
export const descriptorOf = (kind: ChannelKind | undefined): readonly ('pipe' | 'ipc')[] =>
  kind === undefined ? [] : [kind === 'socket' ? 'pipe' : 'ipc'];

/** Opens the channel of a child that was started with {@link descriptorOf} of the same kind. */
export function openChannel(
  child: ChildProcess,
  kind: ChannelKind | undefined,
  listener: ChannelListener,
): ChildChannel | undefined {
  const misunderstood = (error: unknown): void => listener.misunderstood(error);
  const receive = guarded(misunderstood, (message: unknown) => listener.receive(message));
  if (kind !== 'socket') {
    child.on('message', receive);
    return { send: (message) => void (child.connected && child.send(message, () => undefined)) };
  }
  const socket: unknown = child.stdio?.at(SOCKET_DESCRIPTOR);
  if (!(socket instanceof Socket)) return undefined;
  const reader = messageReader({ receive, broken: misunderstood });
  socket.on(
    'data',
    guarded(misunderstood, (piece: Buffer) => reader.push(piece)),
  );
  // A channel that breaks is reported by the end of the process, which knows more.
  socket.on('error', () => undefined);
  return new ChildMessageChannel(socket);
}
