import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '../../../src/logging/logger.js';
import { RealtimeHub } from '../../../src/realtime/realtime-hub.js';
import { WsGateway } from '../../../src/realtime/ws-gateway.js';
import { RealtimeClient } from '../../support/realtime-client.js';

const USER = 'user-1';

describe('WebSocket gateway', () => {
  let server: Server;
  let gateway: WsGateway;
  let url: string;

  beforeEach(async () => {
    const hub = new RealtimeHub(
      { eventsAfter: () => Promise.resolve([]), recentJobs: () => Promise.resolve([]) },
      silentLogger,
    );
    gateway = new WsGateway({
      hub,
      logger: silentLogger,
      session: () =>
        Promise.resolve({ principal: { userId: USER }, expiresAt: new Date(Date.now() + 60_000) }),
      snapshot: () => Promise.reject(new Error('not asked for')),
      notification: () => ({}),
      originAllowed: () => false,
    });
    server = createServer();
    gateway.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  });
  afterEach(async () => {
    await gateway.close();
    await new Promise((resolve) => server.close(resolve));
  });

  async function signedIn(): Promise<RealtimeClient> {
    const client = new RealtimeClient(url);
    client.send({ type: 'authenticate', token: 'any' });
    await client.next('authenticated');
    return client;
  }

  test('a reader that stands still is cut off instead of filling the memory', async () => {
    const frozen = await signedIn();
    const reading = await signedIn();
    frozen.pause();
    const block = 'x'.repeat(500_000);
    // The limit is 1 MB; the rest lies in buffers of the kernel, a few megabytes at most.
    let sent = 0;
    while (gateway.notify(USER, block) === 2 && sent < 100) {
      sent += 1;
      await reading.next('notification');
    }
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(100);
    reading.send({ type: 'ping' });
    await reading.next('pong');
  });

  test('closing says goodbye, so that clients reconnect elsewhere', async () => {
    const client = await signedIn();
    await gateway.close();
    expect(await client.closed()).toBe(1001);
  });
});
