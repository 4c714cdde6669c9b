import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';

/** A message as it arrived. */
export interface ReceivedMessage {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
  /** When it arrived, by the clock of this process. */
  readonly at: number;
}

/** Answers a message; `index` counts all messages from 0. */
type AnswerMessage = (response: ServerResponse, message: ReceivedMessage, index: number) => void;

/** A server of a user on the loopback. */
export interface WebhookReceiver {
  readonly url: string;
  readonly port: number;
  readonly received: ReceivedMessage[];
  answer: AnswerMessage;
  /** Resolves when `count` messages have arrived. */
  arrived(count: number): Promise<readonly ReceivedMessage[]>;
  close(): Promise<void>;
}

const accept: AnswerMessage = (response) => void response.writeHead(204).end();

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a receiver that accepts everything until it is told otherwise. */
export async function startReceiver(tls?: { key: string; cert: string }): Promise<WebhookReceiver> {
  const received: ReceivedMessage[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const receiver = { received, answer: accept };
  const onRequest = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await bodyOf(request);
    const message = { headers: request.headers, path: request.url ?? '', body, at: Date.now() };
    received.push(message);
    receiver.answer(response, message, received.length - 1);
    for (const waiter of waiting) if (received.length >= waiter.count) waiter.resolve();
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    onRequest(request, response).catch(() => response.destroy());
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  // A refused certificate ends the handshake.
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = (server as Server).address() as AddressInfo;
  return Object.assign(receiver, {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}/hook`,
    port,
    arrived: async (count: number) => {
      if (received.length < count) {
        await new Promise<void>((resolve) => waiting.push({ count, resolve }));
      }
      return received;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
