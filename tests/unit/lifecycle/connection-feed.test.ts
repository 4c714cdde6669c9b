import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';
import { createHttpServer } from '../../../src/lifecycle/http-server.js';

interface Seen {
  readonly line: string;
  readonly body: string;
}

const HEAD_LIKE = 'GET /inside HTTP/1.1\r\nHost: x\r\n\r\n';
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
const chunked = (...texts: string[]): string => [...texts, ''].map(chunk).join('');

/** What a client sends, and what of it is a request. */
const SENT: readonly (readonly [string, Seen])[] = [
  ['GET /first HTTP/1.1\r\nHost: x\r\n\r\n', { line: 'GET /first', body: '' }],
  [
    '\r\n\r\nGET /blank-lines-before HTTP/1.1\r\nHost: x\r\n\r\n',
    { line: 'GET /blank-lines-before', body: '' },
  ],
  [
    `POST /fixed HTTP/1.1\r\nContent-Length: ${String(HEAD_LIKE.length * 3)}\r\n\r\n${HEAD_LIKE.repeat(3)}`,
    { line: 'POST /fixed', body: HEAD_LIKE.repeat(3) },
  ],
  ['POST /empty HTTP/1.1\r\nContent-Length: 0\r\n\r\n', { line: 'POST /empty', body: '' }],
  [
    `PUT /chunked HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunked('\n\n\n', HEAD_LIKE.repeat(40), 'end')}`,
    { line: 'PUT /chunked', body: `\n\n\n${HEAD_LIKE.repeat(40)}end` },
  ],
  ['HEAD /last HTTP/1.1\r\nHost: x\r\n\r\n', { line: 'HEAD /last', body: '' }],
];
const BYTES = Buffer.from(SENT.map(([text]) => text).join(''), 'latin1');
const REQUESTS = SENT.map(([, seen]) => seen);

/** A connection whose chunks come exactly as they are pushed. */
class Connection extends Duplex {
  answers = '';
  override _read(): void {
    // The test pushes.
  }
  destroySoon(): void {
    this.destroy();
  }
  override _write(data: Buffer, _encoding: string, done: () => void): void {
    this.answers += data.toString('latin1');
    done();
  }
}

const failures: unknown[] = [];
const startServer = (listener: (request: IncomingMessage, response: ServerResponse) => void): Server =>
  createHttpServer(listener, {
    keepAliveMs: 60_000,
    requestTimeoutMs: 60_000,
    readTimeoutMs: 60_000,
    onError: (error) => failures.push(error),
    answerToUnparsed: () => 'HTTP/1.1 400 Refused\r\n\r\n',
  });

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of request) text += String(piece);
  return text;
}

/** The requests that the server sees when everything is sent in pieces of `size` bytes. */
async function requestsOf(bytes: Buffer, size: number, count: number): Promise<Seen[]> {
  const seen: Seen[] = [];
  const connection = new Connection();
  let open = 0;
  const server = startServer((request, response) => {
    open += 1;
    if (open > 1) failures.push('two requests at once');
    void bodyOf(request).then((body) => {
      seen.push({ line: `${request.method ?? ''} ${request.url ?? ''}`, body });
      open -= 1;
      response.end();
      if (seen.length === count) response.once('close', () => connection.emit('all'));
    });
  });
  server.emit('connection', connection);
  const all = once(connection, 'all');
  for (let at = 0; at < bytes.length; at += size) connection.push(bytes.subarray(at, at + size));
  await all;
  connection.destroy();
  return seen;
}

describe('connection feed', () => {
  afterEach(() => expect(failures.splice(0)).toEqual([]));

  it.each([1, 2, 3, 5, 7, 16, 61, 127, 512, 1000, 65536])(
    'requests and bodies in pieces of %i bytes are understood as they are in one',
    async (size) => {
      expect(await requestsOf(BYTES, size, REQUESTS.length)).toEqual(REQUESTS);
    },
  );

  it('of a thousand short requests two are never parsed at once', async () => {
    const connection = new Connection();
    let made = 0;
    let answered = 0;
    const server = startServer((_request, response) => {
      setImmediate(() => {
        answered += 1;
        response.end();
      });
    });
    server.on('request', () => {
      made += 1;
      if (made - answered > 1) failures.push('two requests at once');
      if (made === 1000) connection.emit('all');
    });
    server.emit('connection', connection);
    const all = once(connection, 'all');
    connection.push(Buffer.from(`GET / HTTP/1.1\r\nHost:\r\n\r\n`.repeat(1000)));
    await all;
    connection.destroy();
  });

  it('a chunked body that ends in front of thousands of requests lets few of them in', async () => {
    const connection = new Connection();
    let made = 0;
    const server = startServer((request, response) => {
      // The first is never answered.
      request.resume();
      if (made > 1) response.end();
    });
    server.on('request', () => (made += 1));
    server.emit('connection', connection);
    connection.push(
      Buffer.from(
        `POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${'GET / HTTP/1.1\r\nHost:\r\n\r\n'.repeat(3000)}`,
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    // As many as 512 bytes hold.
    expect(made).toBeLessThan(33);
    connection.destroy();
  });

  const SHORT = 'GET / HTTP/1.1\r\nHost:\r\n\r\n';
  const EMPTY_CHUNKED = 'POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
  const BEGUN_HEAD = 'POST / HTTP/1.1\r\nHost:\r\nContent-Length: 60000\r\n';

  /** Reads after which thousands of requests come in one. */
  const READS_BEFORE: readonly (readonly [string, readonly string[]])[] = [
    ['a head that ends in the next read', [`${EMPTY_CHUNKED}${BEGUN_HEAD}`, `\r\n${'x'.repeat(60_000)}`]],
    [
      'a head whose last byte is in the next read',
      [`${EMPTY_CHUNKED}${BEGUN_HEAD}\r`, `\n${'x'.repeat(60_000)}`],
    ],
    [
      'a head and the begin of its body',
      [`${EMPTY_CHUNKED}${BEGUN_HEAD}\r\n${'x'.repeat(400)}`, 'x'.repeat(59_600)],
    ],
    [
      'a chunked body whose last byte is in the next read',
      [EMPTY_CHUNKED.slice(0, -1), `\n${BEGUN_HEAD}`, `\r\n${'x'.repeat(60_000)}`],
    ],
    [
      'two such bodies',
      [
        `${EMPTY_CHUNKED}${BEGUN_HEAD}\r\n${'x'.repeat(400)}`,
        `${'x'.repeat(59_600)}${BEGUN_HEAD}`,
        `\r\n${'x'.repeat(60_000)}`,
      ],
    ],
  ];

  it.each(READS_BEFORE)(
    'behind a chunked body, %s lets few of thousands of requests in at once',
    async (_what, reads) => {
      const connection = new Connection();
      let open = 0;
      let most = 0;
      let answered = 0;
      const server = startServer((request, response) => {
        request.resume();
        setImmediate(() => response.end());
        response.once('close', () => {
          open -= 1;
          answered += 1;
        });
      });
      server.on('request', () => {
        open += 1;
        most = Math.max(most, open);
      });
      server.emit('connection', connection);
      for (const read of [...reads, SHORT.repeat(2000)]) {
        connection.push(Buffer.from(read));
        // The next read comes when everything before it was answered.
        do await new Promise((resolve) => setImmediate(resolve));
        while (open > 0);
      }
      expect(answered).toBeGreaterThan(2001);
      // As many as 512 bytes hold.
      expect(most).toBeLessThan(33);
      connection.destroy();
    },
  );

  it('what comes behind a malformed request is not parsed', async () => {
    const connection = new Connection();
    const server = startServer((_request, response) => response.end());
    let errors = 0;
    server.on('clientError', () => (errors += 1));
    server.emit('connection', connection);
    connection.push(Buffer.from('NONSENSE\r\n\r\n'.repeat(1000)));
    connection.push(null);
    await once(connection, 'close');
    expect(connection.answers).toBe('HTTP/1.1 400 Refused\r\n\r\n');
    expect(errors).toBe(1);
  });

  it('what comes behind an upgrade goes to the listener that takes the connection over', async () => {
    const connection = new Connection();
    const server = startServer((_request, response) => response.end());
    const taken = new Promise<string>((resolve) => {
      server.on('upgrade', (_request: IncomingMessage, socket: Duplex, head: Buffer) => {
        let text = head.toString();
        socket.on('data', (piece: Buffer) => {
          text += piece.toString();
          if (text.endsWith('end')) resolve(text);
        });
      });
    });
    server.emit('connection', connection);
    connection.push(
      Buffer.from(
        `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: own\r\n\r\n${HEAD_LIKE}${HEAD_LIKE}`,
      ),
    );
    connection.push(Buffer.from('the end'));
    expect(await taken).toBe(`${HEAD_LIKE}${HEAD_LIKE}the end`);
    connection.destroy();
  });
});
