import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '../../../src/logging/logger.js';
import { CredentialChanges } from '../../../src/realtime/credential-changes.js';
import { ConnectionRegistry } from '../../../src/realtime/connection-registry.js';
import { RealtimeHub } from '../../../src/realtime/realtime-hub.js';
import { WsGateway } from '../../../src/realtime/ws-gateway.js';
import { DatabaseSharedCounts } from '../../../src/services/shared-counts.js';
import { InMemoryRateCountRepository } from '../../fakes/in-memory-rate-count.repository.js';
import { InMemoryRealtimeRepository } from '../../fakes/in-memory-realtime.repository.js';
import { RealtimeClient } from '../../support/realtime-client.js';

const USER = 'user-1';

describe('WebSocket gateway', () => {
  let server: Server;
  let gateway: WsGateway;
  let hub: RealtimeHub;
  let rows: InMemoryRealtimeRepository;
  let url: string;
  let snapshots: number;
  let snapshotBytes: number;
  let clients: RealtimeClient[];

  beforeEach(async () => {
    snapshots = 0;
    snapshotBytes = 10;
    clients = [];
    rows = new InMemoryRealtimeRepository();
    hub = new RealtimeHub(
      { eventsAfter: () => Promise.resolve([]), recentJobs: () => Promise.resolve([]) },
      silentLogger,
    );
    gateway = new WsGateway({
      hub,
      registry: new ConnectionRegistry(rows, silentLogger),
      logger: silentLogger,
      changes: new CredentialChanges(),
      counts: (limit) => new DatabaseSharedCounts(new InMemoryRateCountRepository(), limit),
      admit: () => Promise.resolve({ userId: USER, expiresAt: null, check: () => Promise.resolve(null) }),
      addressOf: () => '127.0.0.1',
      snapshot: (jobId) => {
        snapshots += 1;
        return Promise.resolve({ seq: 1, ended: true, job: { jobId, text: 'x'.repeat(snapshotBytes) } });
      },
      notification: () => ({}),
      originAllowed: () => false,
      refusal: () => ({ status: 403, headers: {}, body: {} }),
    });
    server = createServer();
    gateway.attach(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/ws`;
  });
  afterEach(async () => {
    // One that does not read never sees the end of its connection.
    for (const client of clients) client.terminate();
    await gateway.close();
    await new Promise((resolve) => server.close(resolve));
  });

  async function signedIn(): Promise<RealtimeClient> {
    const client = new RealtimeClient(url);
    clients.push(client);
    client.send({ type: 'authenticate', token: 'any' });
    await client.next('authenticated');
    return client;
  }

  it('a reader that stands still is cut off instead of filling the memory', async () => {
    const frozen = await signedIn();
    const reading = await signedIn();
    frozen.pause();
    const block = 'x'.repeat(500_000);
    // The limit is 1 MB; the rest lies in buffers of the kernel, a few megabytes at most.
    let sent = 0;
    while ((await rows.count('ws', USER)) === 2 && sent < 100) {
      hub.userChanged({ userId: USER, message: block });
      sent += 1;
      await reading.next('notification');
    }
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(100);
    reading.send({ type: 'ping' });
    await reading.next('pong');
  });

  const subscribe = { type: 'subscribe', jobId: randomUUID() };

  it('who asks without reading the answers is not served any more of them', async () => {
    const frozen = await signedIn();
    const reading = await signedIn();
    frozen.pause();
    snapshotBytes = 400_000;
    for (let count = 0; count < 95; count += 1) frozen.send(subscribe);
    for (let count = 0; count < 60; count += 1) {
      reading.send({ type: 'ping' });
      await reading.next('pong');
    }
    // Buffers of the kernel hold some of the 38 MB of answers.
    expect(snapshots).toBeGreaterThan(0);
    expect(snapshots).toBeLessThan(95);
    frozen.resume();
    for (let count = 0; count < 95; count += 1) await frozen.next('snapshot');
    expect(snapshots).toBe(95);
  });

  it('subscriptions are counted over all connections of an account', async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, signedIn));
    for (const client of clients) for (let count = 0; count < 90; count += 1) client.send(subscribe);
    const refused = await Promise.race(clients.map((client) => client.next('error')));
    expect(refused.code).toBe('RATE_LIMITED');
    expect(snapshots).toBeGreaterThanOrEqual(400);
  });

  it.each(['ping', 'pong'] as const)('a flood of %s frames ends the connection', async (kind) => {
    const client = await signedIn();
    for (let count = 0; count < 200; count += 1) client.control(kind);
    expect(await client.closed()).toBe(4429);
  });

  it('an account has a limited number of connections', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, signedIn));
    const more = new RealtimeClient(url);
    more.send({ type: 'authenticate', token: 'any' });
    expect((await more.next('error')).code).toBe('TOO_MANY_CONNECTIONS');
    expect(await more.closed()).toBe(4429);
    expect(clients).toHaveLength(50);
  });

  it('closing says goodbye, so that clients reconnect elsewhere', async () => {
    const client = await signedIn();
    await gateway.close();
    expect(await client.closed()).toBe(1001);
  });
});
