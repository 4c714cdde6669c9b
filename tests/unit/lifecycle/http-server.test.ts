import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Worker } from 'node:worker_threads';
import { createHttpServer } from '../../../src/lifecycle/http-server.js';

/** A client of which nothing is left but the bytes that it sent. */
const CLIENT = `
const { connect } = require('node:net');
const { port, done } = require('node:worker_threads').workerData;
const socket = connect(port, '127.0.0.1', () =>
  socket.write('POST /gone HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 90000\\r\\n\\r\\n' + 'x'.repeat(90000), () => {
    socket.resetAndDestroy();
    socket.once('close', () => {
      Atomics.store(done, 0, 1);
      Atomics.notify(done, 0);
    });
  }),
);
socket.on('error', () => undefined);
`;

describe('an HTTP server', () => {
  it('does not serve what a client sent that was gone before it was accepted', async () => {
    const served: (string | undefined)[] = [];
    const listener: Parameters<typeof createHttpServer>[0] = (request, response) => {
      served.push(request.url);
      response.end();
    };
    const timeouts = { keepAliveMs: 1000, requestTimeoutMs: 1000, readTimeoutMs: 1000 };
    const server = createHttpServer(listener, { ...timeouts, onError: () => undefined });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const done = new Int32Array(new SharedArrayBuffer(4));
    const client = new Worker(CLIENT, { eval: true, workerData: { port, done } });
    try {
      // Accepts nothing until the client has gone.
      Atomics.wait(done, 0, 0);
      await fetch(`http://127.0.0.1:${String(port)}/next`);
      expect(served).toEqual(['/next']);
    } finally {
      await client.terminate();
      server.close();
      server.closeAllConnections();
    }
  });
});
