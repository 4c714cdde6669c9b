import { once } from 'node:events';
import { WebSocket } from 'ws';

/** Maximum progress messages in the transcript. */
const SHOWN_PROGRESS = 2;

/** Token and job of a subscription. */
export interface Listening {
  readonly token: string;
  readonly jobId: string;
}

/** An open socket that records all received messages. */
export interface TourSocket {
  readonly messages: readonly Readonly<Record<string, unknown>>[];
  /** The messages, with only the first ones about progress. */
  withoutMostProgress(): readonly unknown[];
  close(): Promise<void>;
}

/** Opens the WebSocket, authenticates and subscribes to a job; resolves when the server has answered both. */
export async function listenTo(url: string, { token, jobId }: Listening): Promise<TourSocket> {
  const socket = new WebSocket(new URL('/ws', url.replace(/^http/, 'ws')));
  const messages: Record<string, unknown>[] = [];
  let answered: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (answered = resolve));
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Record<string, unknown>;
    messages.push(message);
    if (message.type === 'snapshot' || message.type === 'error') answered();
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'authenticate', token }));
  socket.send(JSON.stringify({ type: 'subscribe', jobId }));
  await ready;
  return {
    messages,
    withoutMostProgress() {
      let progress = 0;
      return messages.filter((message) => {
        if (message.event !== 'progress') return true;
        progress += 1;
        return progress <= SHOWN_PROGRESS;
      });
    },
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}
