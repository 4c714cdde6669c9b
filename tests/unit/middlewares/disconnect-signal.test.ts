import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { disconnectSignal } from '../../../src/middlewares/disconnect-signal.js';

const server = createServer();
const REQUEST = 'POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 0\r\n\r\n';

/** Sends one request and returns its response as the server sees it, with the client's socket. */
async function exchange() {
  if (!server.listening) await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(REQUEST);
  const [, response] = (await once(server, 'request')) as [unknown, ServerResponse];
  return { socket, response };
}

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('disconnectSignal', () => {
  it('aborts at once for a client who left before anybody asked', async () => {
    const { socket, response } = await exchange();
    socket.destroy();
    await once(response, 'close');
    expect(disconnectSignal(response)).toMatchObject({ aborted: true, reason: { code: 'CLIENT_GONE' } });
  });

  it('aborts when the client leaves, and not when it has got its answer', async () => {
    const leaving = await exchange();
    const gone = disconnectSignal(leaving.response);
    expect(gone.aborted).toBe(false);
    leaving.socket.destroy();
    await once(leaving.response, 'close');
    expect(gone.aborted).toBe(true);

    const staying = await exchange();
    const answered = disconnectSignal(staying.response);
    staying.response.end('here you are');
    await once(staying.socket, 'data');
    staying.socket.destroy();
    if (!staying.response.closed) await once(staying.response, 'close');
    expect(answered.aborted).toBe(false);
  });
});
