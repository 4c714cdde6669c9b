import net from 'node:net';
import { startHealthServer } from '../../../src/workers/health-server.js';
import { startTestApi, type TestApi } from '../../support/api.js';

/** Everything that a server says to a request sent as it stands. */
async function say(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = net.connect(Number(port), hostname);
  socket.on('error', () => undefined);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.end(text);
  // `once` would reject for a connection that broke.
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

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
    api = await startTestApi({ settings: { KEEP_ALIVE_SECONDS: 33 } });
    health = await startHealthServer(
      { host: '127.0.0.1', port: 0, keepAliveSeconds: 44, onError: (error) => failures.push(error) },
      { ready: () => Promise.resolve(), figures: () => ({}) },
    );
  });
  afterAll(() => Promise.all([api.close(), health.close()]));

  const urls = () => [api.url, `http://127.0.0.1:${String(health.port)}`];

  test.each(ODD_TARGETS)('a request and an upgrade for %s leave the server running', async (target) => {
    for (const url of urls()) {
      for (const method of ['GET', 'CONNECT', 'OPTIONS']) {
        await say(url, request(`${method} ${target} HTTP/1.1`, 'Host: a', 'Connection: close'));
        await say(url, request(`${method} ${target} HTTP/1.1`, 'Host: a', ...UPGRADE, KEY));
      }
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    }
    expect(failures).toEqual([]);
  });

  test.each(ODD_HEADERS)(
    'an upgrade with the headers %s %s leaves the server running',
    async (...headers) => {
      await say(api.url, request('GET /ws HTTP/1.1', ...headers, ...UPGRADE, KEY));
      await say(api.url, request('GET /ws HTTP/1.1', ...headers, ...UPGRADE, 'Sec-WebSocket-Key: x'));
      expect((await fetch(`${api.url}/livez`)).status).toBe(200);
    },
  );

  test.each([
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

  test('idle connections stay open for the configured time, headers may take longer', () => {
    const { keepAliveTimeout, headersTimeout, requestTimeout } = api.api.server;
    expect(keepAliveTimeout).toBe(33_000);
    expect(headersTimeout).toBeGreaterThan(keepAliveTimeout);
    expect(requestTimeout).toBeGreaterThanOrEqual(headersTimeout);
  });

  test('the health server of a worker announces its keep-alive time', async () => {
    const answer = await fetch(`http://127.0.0.1:${String(health.port)}/livez`);
    expect(answer.headers.get('keep-alive')).toBe('timeout=44');
  });
});
