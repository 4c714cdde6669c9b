import { once } from 'node:events';
import net from 'node:net';
import { startHealthServer } from '../../../src/workers/health-server.js';
import { startTestApi, type TestApi } from '../../support/api.js';

/** Everything that a server says to requests sent as they stand, by a client that says so, unless told, that it is done. */
async function say(url: string, text: string, isDone = true): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.write(text);
  if (isDone) socket.end();
  // `once` would reject for a connection that broke.
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

const statusesOf = (answers: string): number[] =>
  [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
const KEY = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
const request = (line: string, ...headers: string[]): string => [line, ...headers, '', ''].join('\r\n');

const ODD_TARGETS = [
  '//',
  '///',
  '*',
  '\\\\',
  'http://',
  'http://[',
  '//[::',
  '/%',
  '/%ff',
  '/ws/%00',
  'x:y:z',
  '?',
  '/ws#',
];
const ODD_HEADERS = [
  ['Host: '],
  ['Host: //'],
  ['Host: a', 'Origin: //'],
  ['Host: a', 'Origin: null'],
  ['Host: a', 'Origin: http://['],
  ['Host: a', 'Authorization: Bearer \u00ff'],
  ['Host: a', 'Sec-WebSocket-Protocol: ,,'],
  ['Host: a', 'Sec-WebSocket-Extensions: ;;=,permessage-deflate; x='],
];

describe('connections of odd clients', () => {
  let api: TestApi;
  let health: Awaited<ReturnType<typeof startHealthServer>>;
  const failures: unknown[] = [];

  beforeAll(async () => {
    api = await startTestApi({ settings: { KEEP_ALIVE_SECONDS: '33' } });
    health = await startHealthServer(
      { host: '127.0.0.1', port: 0, keepAliveMs: 44_000, onError: (error) => failures.push(error) },
      { ready: () => Promise.resolve(), figures: () => ({}) },
    );
  });
  afterAll(() => Promise.all([api.close(), health.close()]));

  const urls = () => [api.url, `http://127.0.0.1:${String(health.port)}`];

  it.each(ODD_TARGETS)('a request and an upgrade for %s leave the server running', async (target) => {
    for (const url of urls()) {
      for (const method of ['GET', 'CONNECT', 'OPTIONS']) {
        await say(url, request(`${method} ${target} HTTP/1.1`, 'Host: a', 'Connection: close'));
        await say(url, request(`${method} ${target} HTTP/1.1`, 'Host: a', ...UPGRADE, KEY));
      }
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    }
    expect(failures).toEqual([]);
  });

  it.each(ODD_HEADERS)('an upgrade with the headers %s %s leaves the server running', async (...headers) => {
    await say(api.url, request('GET /ws HTTP/1.1', ...headers, ...UPGRADE, KEY));
    await say(api.url, request('GET /ws HTTP/1.1', ...headers, ...UPGRADE, 'Sec-WebSocket-Key: x'));
    expect((await fetch(`${api.url}/livez`)).status).toBe(200);
  });

  it.each([
    ['no HTTP', '\0\u00ff\r\n\r\n'],
    ['an unknown method', request('NONSENSE / HTTP/1.1', 'Host: a')],
    [
      'two lengths',
      request('POST /api/auth/login HTTP/1.1', 'Host: a', 'Content-Length: 1', 'Content-Length: 2'),
    ],
    [
      'a broken chunk',
      `${request('POST /api/auth/login HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked')}zz\r\n`,
    ],
    ['long headers', request('GET / HTTP/1.1', `X: ${'x'.repeat(20_000)}`)],
  ])('%s is answered with a status of the client', async (_name, text) => {
    for (const url of urls()) {
      expect(await say(url, text)).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    }
  });

  it.each<[string, number, string, string[]]>([
    ['no HTTP', 400, 'MALFORMED_REQUEST', ['\0\u00ff', '']],
    ['long headers', 431, 'HEADERS_TOO_LARGE', ['GET / HTTP/1.1', 'Host: a', `X: ${'x'.repeat(20_000)}`]],
    [
      'a long extension of a chunk',
      413,
      'BODY_TOO_LARGE',
      [
        'POST /api/auth/login HTTP/1.1',
        'Host: a',
        'Transfer-Encoding: chunked',
        '',
        `1;${'x'.repeat(20_000)}`,
      ],
    ],
    ['no host', 400, 'MALFORMED_REQUEST', ['GET /livez HTTP/1.1', 'Connection: close']],
    [
      'two hosts',
      400,
      'MALFORMED_REQUEST',
      ['GET /livez HTTP/1.1', 'Host: a', 'Host: b', 'Connection: close'],
    ],
    [
      'an unknown expectation',
      417,
      'EXPECTATION_FAILED',
      ['GET /livez HTTP/1.1', 'Host: a', 'Expect: tea', 'Connection: close'],
    ],
  ])('%s is answered %i %s as problem+json', async (_name, status, code, [line, ...headers]) => {
    const [head, body] = (await say(api.url, request(line, ...headers))).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} `));
    expect(head.toLowerCase()).toContain('content-type: application/problem+json');
    expect(JSON.parse(body)).toMatchObject({ status, code, success: false });
  });

  const H2C = ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];

  it('requests that ask for HTTP/2 are answered in HTTP/1.1, on the same connection', async () => {
    const body = '{"email":"nobody@example.com","password":"a wrong password"}';
    const type = 'Content-Type: application/json';
    const sent = [
      request('GET /livez HTTP/1.1', 'Host: a', ...H2C),
      request('GET /livez HTTP/1.1', 'Host: a', ...H2C),
      request(
        'POST /api/auth/login HTTP/1.1',
        'Host: a',
        type,
        ...H2C,
        `Content-Length: ${String(body.length)}`,
      ),
      body,
      request('POST /api/auth/login HTTP/1.1', 'Host: a', type, ...H2C, 'Transfer-Encoding: chunked'),
      `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      request('GET /nowhere HTTP/1.1', 'Host: a', ...UPGRADE, KEY),
      request('GET /livez HTTP/1.1', 'Host: a', 'Connection: close'),
    ];
    const answers = await say(api.url, sent.join(''), false);
    expect(statusesOf(answers)).toEqual([200, 200, 401, 401, 404, 200]);
    expect(answers).toContain('"code":"NOT_FOUND"');
  });

  it('a refusal without a body keeps the connection, and what was sent behind it is answered', async () => {
    const sent = ['GET /nowhere', 'POST /livez', 'DELETE /nowhere'].map((line) =>
      request(`${line} HTTP/1.1`, 'Host: a'),
    );
    const last = request('GET /livez HTTP/1.1', 'Host: a', 'Connection: close');
    const answers = await say(api.url, [...sent, last].join(''), false);
    expect(statusesOf(answers)).toEqual([404, 405, 404, 200]);
  });

  it('a client that sends on after it was refused can read the answer', async () => {
    const { hostname, port } = new URL(api.url);
    const socket = net.connect(Number(port), hostname);
    const errors: Error[] = [];
    socket.on('error', (error) => errors.push(error));
    // The answer is read only after everything was sent, as simple clients do; buffers of the kernel hold less.
    socket.pause();
    const length = 40_000_000;
    socket.write(
      request(
        'POST /api/auth/login HTTP/1.1',
        'Host: a',
        'Content-Type: application/json',
        `Content-Length: ${String(length)}`,
      ),
    );
    await new Promise((resolve) => socket.write(Buffer.alloc(length, ' '), resolve));
    let answer = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*BODY_TOO_LARGE/);
    expect(errors).toEqual([]);
  });

  it('many clients that send on after they were refused can all finish and read the answer', async () => {
    // More than is read of all together in a short time: each has to get further turns.
    const body = Buffer.alloc(1024 * 1024, 'A');
    const head = request('POST /api/inference/execute HTTP/1.1', 'Host: a', 'Content-Length: 2000000000');
    const { hostname, port } = new URL(api.url);
    const refused = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const socket = net.connect(Number(port), hostname);
        let [answer, failure] = ['', ''];
        socket.on('error', (error) => (failure = error.message));
        socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
        socket.write(head);
        const sent = Promise.all(
          [1, 2, 3].map(() => new Promise((resolve) => socket.write(body, resolve))),
        ).then(() => socket.end());
        await Promise.all([new Promise((resolve) => socket.once('close', resolve)), sent]);
        return { statuses: statusesOf(answer), failure, sent: socket.bytesWritten };
      }),
    );
    const whole = { statuses: [401], failure: '', sent: head.length + 3 * body.length };
    expect(refused).toEqual(refused.map(() => whole));
  });

  it('idle connections stay open for the configured time, headers have a shorter one', () => {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = api.api.server;
    expect(keepAliveTimeout).toBe(33_000);
    expect(headersTimeout).toBe(20_000);
    expect(requestTimeout).toBeGreaterThanOrEqual(headersTimeout);
  });

  it('connections of one address beyond its limit are closed', async () => {
    const limited = await startTestApi({ settings: { MAX_CONNECTIONS_PER_ADDRESS: '3' } });
    const { hostname, port } = new URL(limited.url);
    const connect = (localAddress: string): net.Socket =>
      net.connect({ port: Number(port), host: hostname, localAddress }).on('error', () => undefined);
    const open = [1, 2, 3].map(() => connect('127.0.0.1'));
    await Promise.all(open.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    const [refused, other] = [connect('127.0.0.1'), connect('127.0.0.2')];
    await new Promise((resolve) => refused.once('close', resolve));
    other.write(request('GET /livez HTTP/1.1', 'Host: a'));
    expect(String((await once(other, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    // One that leaves makes room for the next.
    open[0].destroy();
    for (let status = 0; status !== 200;) {
      status = /^HTTP\/1\.1 200/.test(
        await say(limited.url, request('GET /livez HTTP/1.1', 'Host: a', 'Connection: close')),
      )
        ? 200
        : 0;
    }
    [...open, other].forEach((socket) => socket.destroy());
    await limited.close();
  });

  it('the health server of a worker announces its keep-alive time', async () => {
    const answer = await fetch(`http://127.0.0.1:${String(health.port)}/livez`);
    expect(answer.headers.get('keep-alive')).toBe('timeout=44');
  });
});
