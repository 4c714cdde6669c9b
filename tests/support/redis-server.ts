import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { waitForRedis } from '../../src/composition/wait-for-redis.js';
import { openRedisProducer } from '../../src/queue/redis-connection.js';
import { freePort } from './free-port.js';

/** A Redis of a test's own. */
export interface RedisServer {
  readonly host: string;
  readonly port: number;
  /** Keeps its connections, but responds to nothing until {@link thaw}. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** Redis is an option of the product; where the program is missing, its tests have nothing to run on. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** Starts Redis with these settings and waits until it answers. */
export async function startRedis(settings: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-redis-'));
  const address = { host: '127.0.0.1', port: await freePort() };
  const all = { appendonly: 'yes', 'maxmemory-policy': 'noeviction', save: '', dir: folder, ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const child = spawn('redis-server', ['--port', String(address.port), '--bind', address.host, ...flags], {
    stdio: 'ignore',
  });
  const probe = openRedisProducer(address, () => undefined);
  await waitForRedis(probe, {}).catch(() => undefined);
  probe.disconnect();
  return {
    ...address,
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    stop: async () => {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
