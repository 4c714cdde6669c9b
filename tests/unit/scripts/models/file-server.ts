import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server on the loopback interface whose answers are scripted. */
export interface FileServer {
  readonly url: string;
  /** `Range` of every request so far; null for none. */
  readonly ranges: readonly (string | null)[];
  close(): Promise<void>;
}

/** Starts a server that gives the answers in turn and repeats the last one. */
export async function serve(...answers: readonly Answer[]): Promise<FileServer> {
  const ranges: (string | null)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range ?? null);
    answers[Math.min(ranges.length, answers.length) - 1](request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.onnx`,
    ranges,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The whole file, or the rest of it from the offset that is asked for. */
export const whole =
  (content: Uint8Array): Answer =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${from}-${content.length - 1}/${content.length}`);
    }
    response.end(content.subarray(from));
  };

/** The first bytes of a file; `cut` then breaks the connection. */
export function broken(content: Uint8Array, bytes: number): { answer: Answer; cut(): void } {
  let cut = (): void => undefined;
  return {
    answer: (_request, response) => {
      cut = () => void response.destroy();
      response.setHeader('content-length', content.length);
      response.write(content.subarray(0, bytes));
    },
    cut: () => cut(),
  };
}

/** A body regardless of what was asked for. */
export const always =
  (body: string | Uint8Array, status = 200): Answer =>
  (_request, response) => {
    response.statusCode = status;
    response.end(body);
  };
