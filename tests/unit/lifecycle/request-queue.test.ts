import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import type { RequestListener, Server } from 'node:http';
import { createHttpServer } from '../../../src/lifecycle/http-server.js';

let server: Server;
let port: number;
let clients: Socket[];

async function serve(listener: RequestListener): Promise<void> {
  server = createHttpServer(listener, {
    keepAliveMs: 60_000,
    requestTimeoutMs: 60_000,
    readTimeoutMs: 60_000,
    onError: (error) => {
      throw error;
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
  clients = [];
}

/** A client that sends so many requests at once, with the paths `/0`, `/1` and so on. */
function pipeline(count: number): Socket {
  const client = connect(port, '127.0.0.1').on('error', () => undefined);
  clients.push(client);
  const requests = Array.from({ length: count }, (_, at) => `GET /${at} HTTP/1.1\r\nHost: many\r\n\r\n`);
  client.write(requests.join(''));
  return client;
}

async function askAlone(): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/alone`);
  return answer.text();
}

describe('request queue', () => {
  afterEach(async () => {
    clients.forEach((client) => client.destroy());
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('requests of one connection are begun one after another and answered in order', async () => {
    let open = 0;
    let most = 0;
    await serve((request, response) => {
      most = Math.max(most, (open += 1));
      setImmediate(() => {
        open -= 1;
        response.end(`<${request.url}>`);
      });
    });
    const client = pipeline(10);
    let text = '';
    for await (const piece of client.setEncoding('latin1'))
      if ((text += String(piece)).includes('</9>')) break;
    expect([...text.matchAll(/<\/(\d)>/g)].map(([, at]) => Number(at))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    expect(most).toBe(1);
  });

  it('requests behind an unanswered one are not even parsed, and others are served', async () => {
    await serve((request, response) => {
      if (request.url === '/alone') response.end('served');
    });
    const made: (string | undefined)[] = [];
    server.on('request', ({ url }) => made.push(url));
    // As many as one read of a socket takes.
    const client = pipeline(1500);
    for (let at = 0; at < 10; at += 1) expect(await askAlone()).toBe('served');
    expect(made.filter((url) => url !== '/alone')).toEqual(['/0']);
    expect(client.destroyed).toBe(false);
  });

  it('answers that nobody reads hold up the requests behind them', async () => {
    // More than the buffers of both ends of a connection take.
    const large = Buffer.alloc(32 * 2 ** 20);
    let begun = 0;
    await serve((request, response) => {
      if (request.url === '/alone') return response.end('served');
      begun += 1;
      return response.end(large);
    });
    pipeline(30).pause();
    for (let at = 0; at < 10; at += 1) expect(await askAlone()).toBe('served');
    expect(begun).toBe(1);
  });

  it('a client that connects after a burst of others does not wait for their requests', async () => {
    let begun = 0;
    await serve((_request, response) => {
      begun += 1;
      response.end();
    });
    const burst = Array.from({ length: 150 }, () => pipeline(1));
    await Promise.all(burst.map((client) => once(client, 'connect')));
    // All of them are in the same process: from here on the server has its turns.
    const probe = connect(port, '127.0.0.1');
    clients.push(probe);
    let begunBefore = -1;
    server.on('connection', ({ remotePort }) => {
      if (remotePort === probe.localPort) begunBefore = begun;
    });
    probe.write('GET /livez HTTP/1.1\r\nHost: probe\r\n\r\n');
    await once(probe, 'data');
    expect(begunBefore).toBe(0);
    await Promise.all(burst.map((client) => client.readableFlowing !== null || once(client, 'data')));
    expect(begun).toBe(151);
  });
});
