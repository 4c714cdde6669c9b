import type { Socket } from 'node:net';
import { GuardedClient } from '../../../src/net/outbound-client.js';
import { rawServer } from '../../support/raw-server.js';

/** What a server does after it has read a request. */
interface Behaviour {
  readonly sends?: string;
  /** Sent again and again. */
  readonly repeats?: string;
  readonly then?: 'end' | 'reset';
}

const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const LONG = 'b'.repeat(999);

function behave(socket: Socket, { sends = '', repeats, then }: Behaviour): void {
  const repeat = (): void => {
    if (socket.destroyed || repeats === undefined) return;
    if (socket.write(repeats)) setImmediate(repeat);
    else socket.once('drain', repeat);
  };
  socket.write(sends, () => {
    if (then === 'end') socket.end();
    if (then === 'reset') socket.resetAndDestroy();
    repeat();
  });
}

const response = (status: number, body: string, truncated: boolean) => ({
  response: { status, body, truncated },
});
const error = (code: string) => ({ error: { code } });

/** In the process of the client, so that an error outside of its requests fails the test. */
describe('a server that', () => {
  it.each<[string, Behaviour, object]>([
    ['closes before it responds', { then: 'end' }, error('ECONNRESET')],
    ['resets before it responds', { then: 'reset' }, error('ECONNRESET')],
    [
      'changes the protocol',
      { sends: 'HTTP/1.1 101 Odd\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n?' },
      error('ECONNRESET'),
    ],
    [
      'closes after the head',
      { sends: `${OK}Content-Length: 9\r\n\r\n`, then: 'end' },
      response(200, '', true),
    ],
    [
      'closes in the body',
      { sends: `${OK}Content-Length: 9\r\n\r\nabc`, then: 'end' },
      response(200, 'abc', true),
    ],
    [
      'closes its side while nobody reads the body',
      { sends: `${OK}Content-Length: 9999999\r\n\r\n${'x'.repeat(3_000_000)}`, then: 'end' },
      response(200, 'x'.repeat(4096), true),
    ],
    [
      'goes on after its response',
      { sends: `${OK}Content-Length: 2\r\n\r\nok??`, repeats: '??' },
      response(200, 'ok', false),
    ],
    ['responds again and again', { repeats: `${OK}Content-Length: 2\r\n\r\nok` }, response(200, 'ok', false)],
    [
      'sends a body with 204',
      { sends: 'HTTP/1.1 204 No\r\n\r\nhello', repeats: 'more' },
      response(204, '', false),
    ],
    ['sends headers without end', { sends: OK, repeats: `X-A: ${LONG}\r\n` }, error('INVALID_RESPONSE')],
    [
      'sends trailers without end',
      { sends: `${CHUNKED}0\r\n`, repeats: `X-T: ${LONG}\r\n` },
      response(200, '', true),
    ],
    ['sends a chunk without a size', { sends: `${CHUNKED}zz\r\n` }, response(200, '', true)],
    [
      'gives two lengths',
      { sends: `${OK}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n` },
      error('INVALID_RESPONSE'),
    ],
    ['answers with status 000', { sends: 'HTTP/1.1 000 No\r\n\r\n' }, error('INVALID_RESPONSE')],
    [
      'answers with status 099',
      { sends: 'HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n' },
      error('INVALID_RESPONSE'),
    ],
    ['answers with status 600', { sends: 'HTTP/1.1 600 No\r\n\r\n' }, error('INVALID_RESPONSE')],
    ['speaks HTTP/2', { sends: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' }, error('INVALID_RESPONSE')],
    ['sends 100 without end', { repeats: 'HTTP/1.1 100 Continue\r\n\r\n' }, error('TIMEOUT')],
    ['sends 103 without end', { repeats: `HTTP/1.1 103 Early\r\nLink: <${LONG}>\r\n\r\n` }, error('TIMEOUT')],
  ])('%s disturbs nothing but its own message', async (_what, behaviour, expected) => {
    const server = await rawServer((socket) => socket.once('data', () => behave(socket.resume(), behaviour)));
    const isEndless = JSON.stringify(expected).includes('TIMEOUT');
    const client = new GuardedClient({ allowPrivate: true, timeoutMs: isEndless ? 500 : 60_000 });

    const result = await client.post({ url: `http://127.0.0.1:${server.port}/`, headers: {}, body: '{}' });
    await server.close();

    expect(result).toMatchObject(expected);
  });
});
