import { GuardedClient, type GuardedClientOptions } from '../../../src/net/outbound-client.js';
import { SELF_SIGNED } from '../../fixtures/self-signed.js';
import { rawServer } from '../../support/raw-server.js';
import { startReceiver, type WebhookReceiver } from '../../support/webhook-receiver.js';

const MESSAGE = { headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
/** Longer than any answer of these servers on a busy machine. */
const PATIENT_MS = 60_000;

let receiver: WebhookReceiver;

function send(url: string, options: Partial<GuardedClientOptions> = {}) {
  return new GuardedClient({ allowPrivate: true, timeoutMs: PATIENT_MS, ...options }).post({
    ...MESSAGE,
    url,
  });
}

describe('messages to servers of users', () => {
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.close());

  it('a message arrives as it was sent, and its response is told', async () => {
    receiver.answer = (response) => response.writeHead(202, { 'x-id': '7' }).end('thanks\0');

    const result = await send(`${receiver.url}?key=1`);

    expect(receiver.received).toMatchObject([
      { path: '/hook?key=1', body: MESSAGE.body, headers: MESSAGE.headers },
    ]);
    expect(result).toMatchObject({
      response: { status: 202, headers: { 'x-id': '7' }, body: 'thanks\uFFFD', truncated: false },
    });
  });

  it('private addresses are refused, as numbers and as what a name resolves to', async () => {
    const { port } = receiver;
    const asNumber = await send(receiver.url, { allowPrivate: false });
    const asName = await send(`http://rebound.example:${port}/hook`, {
      allowPrivate: false,
      resolve: async () => ['127.0.0.1'],
    });
    const oneOfTwo = await send(`http://rebound.example:${port}/hook`, {
      allowPrivate: false,
      resolve: async () => ['93.184.216.34', '::ffff:127.0.0.1'],
    });

    expect(asNumber).toMatchObject({ error: { code: 'URL_REFUSED' } });
    expect(asName).toMatchObject({ error: { code: 'ADDRESS_REFUSED' } });
    expect(oneOfTwo).toMatchObject({ error: { code: 'ADDRESS_REFUSED' } });
    expect(JSON.stringify([asName, oneOfTwo])).not.toContain('127.0.0.1');
    expect(receiver.received).toEqual([]);
  });

  it('a name is resolved once for each message, so that its address cannot change in between', async () => {
    const asked: string[] = [];
    const resolve = async (name: string) => {
      asked.push(name);
      return asked.length === 1 ? ['127.0.0.1'] : ['169.254.169.254'];
    };

    const result = await send(`http://twice.example:${receiver.port}/hook`, { resolve });

    expect(result).toMatchObject({ response: { status: 204 } });
    expect(asked).toEqual(['twice.example']);
  });

  it('a redirect is not followed', async () => {
    const target = await startReceiver();
    receiver.answer = (response) => response.writeHead(302, { location: target.url }).end();

    expect(await send(receiver.url)).toMatchObject({ response: { status: 302 } });
    expect(target.received).toEqual([]);
    await target.close();
  });

  it('a certificate that is not trusted is refused, whatever the environment says', async () => {
    const secure = await startReceiver(SELF_SIGNED);
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await send(secure.url)).toMatchObject({ error: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' } });
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
    expect(secure.received).toEqual([]);
    await secure.close();
  });

  it('of a huge response only the beginning is read', async () => {
    const chunk = 'x'.repeat(64 * 1024);
    let sent = 0;
    const closed = new Promise<void>((resolve) => {
      receiver.answer = (response) => {
        response.writeHead(200).on('close', resolve);
        const more = (): void => {
          while (!response.destroyed && response.write(chunk)) sent += chunk.length;
          sent += chunk.length;
        };
        response.on('drain', more);
        more();
      };
    });

    const result = await send(receiver.url);
    await closed;

    expect(result).toMatchObject({ response: { status: 200, body: 'x'.repeat(4096), truncated: true } });
    // What the buffers of both sides hold, and nothing of the endless rest.
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('a server that never answers, or only drips a head, ends at the time limit', async () => {
    receiver.answer = () => undefined;
    const timers: NodeJS.Timeout[] = [];
    const dripping = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      timers.push(setInterval(() => socket.write('x-drip: 1\r\n'), 20));
    });

    const results = await Promise.all([
      send(receiver.url, { timeoutMs: 300 }),
      send(`http://127.0.0.1:${dripping.port}/`, { timeoutMs: 300 }),
    ]);

    expect(results).toEqual([
      { error: { code: 'TIMEOUT', message: 'The server did not respond within 300 ms.' } },
      { error: { code: 'TIMEOUT', message: 'The server did not respond within 300 ms.' } },
    ]);
    timers.forEach((timer) => clearInterval(timer));
    await dripping.close();
  });

  it('a body that stalls does not undo a status that has arrived', async () => {
    receiver.answer = (response) => void response.writeHead(200).write('half');

    expect(await send(receiver.url)).toMatchObject({
      response: { status: 200, body: 'half', truncated: true },
    });
  });

  it('servers that refuse, hang up, or speak something else are told apart', async () => {
    const hangingUp = await rawServer((socket) => socket.destroy());
    const foreign = await rawServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    const closed = await rawServer(() => undefined);
    await closed.close();

    const codes = await Promise.all(
      [hangingUp, foreign, closed].map(async ({ port }) => {
        const result = await send(`http://127.0.0.1:${port}/`);
        return 'error' in result ? result.error.code : result.response.status;
      }),
    );

    expect(codes[0]).toMatch(/^(ECONNRESET|EPIPE)$/);
    expect(codes[1]).toBe('INVALID_RESPONSE');
    expect(codes[2]).toBe('ECONNREFUSED');
    await Promise.all([hangingUp.close(), foreign.close()]);
  });

  it('a name without addresses is not found', async () => {
    const result = await send('http://nowhere.example/', { resolve: async () => [] });

    expect(result).toMatchObject({ error: { code: 'ENOTFOUND' } });
  });
});
