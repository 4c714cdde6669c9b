import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { onChunksRefused } from '../../../src/lifecycle/body-chunks.js';
import { createHttpServer } from '../../../src/lifecycle/http-server.js';

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

/** The text in chunks of the given sizes, which are used in turns. */
function chunked(text: string, sizes: readonly number[], extension = ''): string {
  let body = '';
  for (let at = 0, turn = 0; at < text.length; turn += 1) {
    const chunk = text.slice(at, at + sizes[turn % sizes.length]);
    body += `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
    at += chunk.length;
  }
  return body;
}

/** A text no part of which is like another one. */
const textOf = (bytes: number): string =>
  Array.from({ length: Math.ceil(bytes / 8) }, (_, at) => String(at).padStart(8, '.'))
    .join('')
    .slice(0, bytes);

describe('chunks of a body', () => {
  let server: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;

  beforeAll(async () => {
    server = createHttpServer((request, response) => answer(request, response), {
      keepAliveMs: 5000,
      requestTimeoutMs: 60_000,
      readTimeoutMs: 60_000,
      onError: () => undefined,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  /** Sends a request and reads its body; says in how many pieces it came, or with which code it was refused. */
  async function receive(text: string): Promise<{ body: string; pieces: number } | { code: string }> {
    const socket = net.connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    const received = new Promise<{ body: string; pieces: number } | { code: string }>((resolve) => {
      answer = (request, response) => {
        const pieces: Buffer[] = [];
        request.on('data', (piece: Buffer) => pieces.push(piece));
        request.on('end', () => {
          response.end();
          resolve({ body: Buffer.concat(pieces).toString(), pieces: pieces.length });
        });
        onChunksRefused(request, ({ code }) => {
          response.destroy();
          resolve({ code });
        });
      };
    });
    socket.write(text);
    const result = await received;
    socket.destroy();
    return result;
  }

  it.each<[string, number, number[]]>([
    ['one byte', 9000, [1]],
    ['odd sizes around those of blocks', 400_000, [1, 16_383, 2, 16_384, 2047, 2048, 2049, 5, 40_000]],
    ['one size', 100_000, [33]],
  ])('%s each arrive as one text, in order', async (_what, bytes, sizes) => {
    const text = textOf(bytes);
    expect(await receive(`${HEAD}${chunked(text, sizes)}0\r\n\r\n`)).toMatchObject({ body: text });
  });

  it('small ones are joined', async () => {
    const received = await receive(`${HEAD}${chunked(textOf(9000), [1])}0\r\n\r\n`);
    // 54 KB on the wire come in a few reads, whose chunks make a block each.
    expect('pieces' in received && received.pieces).toBeLessThan(50);
  });

  it.each([
    ['of one byte', chunked(textOf(10_001), [1])],
    ['of seven bytes', chunked(textOf(70_100), [7])],
    ['with long extensions', chunked(textOf(32), [1], `;${'x'.repeat(16_000)}`)],
  ])('too many %s are refused while they come', async (_what, body) => {
    expect(await receive(`${HEAD}${body}`)).toEqual({ code: 'CHUNKS_TOO_SMALL' });
  });

  it('any number of chunks of sixteen bytes is taken', async () => {
    const text = textOf(320_000);
    expect(await receive(`${HEAD}${chunked(text, [16])}0\r\n\r\n`)).toMatchObject({ body: text });
  });
});
