import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { closeStalledReaders } from '../../../src/lifecycle/stalled-readers.js';

const TIMEOUT_MS = 100;
/** More than the buffers of both ends of a connection take. */
const LARGE = Buffer.alloc(64 * 2 ** 20);

let server: Server;
let client: Socket;

async function request(listener: RequestListener): Promise<void> {
  server = createServer(listener);
  closeStalledReaders(server, TIMEOUT_MS);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
}

describe('stalled readers', () => {
  afterEach(async () => {
    client.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('a client that reads nothing is disconnected, also while more is written for it', async () => {
    const ended = new Promise<string>((resolve) => {
      void request((_request, response) => {
        const heartbeat = setInterval(() => response.write(': still here\n\n'), TIMEOUT_MS / 10);
        response.once('close', () => {
          clearInterval(heartbeat);
          resolve(response.writableFinished ? 'taken' : 'cut');
        });
        response.write(LARGE);
      });
    });
    expect(await ended).toBe('cut');
  });

  it('a client whose answer is still being computed is not', async () => {
    let checks = 0;
    await request((_request, response) => {
      // Well beyond the time-out, counted in checks of the same length rather than by a clock.
      const timer = setInterval(() => {
        checks += 1;
        if (checks < 30) return;
        clearInterval(timer);
        response.end('done');
      }, TIMEOUT_MS / 10);
    });
    let text = '';
    for await (const piece of client.setEncoding('latin1'))
      if ((text += String(piece)).includes('done')) break;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
  });
});
