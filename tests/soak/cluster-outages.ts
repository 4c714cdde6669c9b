import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from '../support/api-client.js';
import type { Cluster } from '../support/cluster.js';
import { execute } from '../support/postgres-server.js';
import type { RedisServer } from '../support/redis-server.js';

/** What `/api/v1/health` says of an outage, at the slower of both processes. */
export interface OutageRow {
  readonly outage: string;
  readonly during: string;
  readonly ms: number;
  readonly after: string;
}

/** A part of the system that can be taken away. */
interface Outage {
  readonly outage: string;
  begin(): Promise<void> | void;
  end(): Promise<void> | void;
}

/** A check of a dependency takes two seconds at most. */
const MAX_HEALTH_MS = 3_000;
const RECOVERY_SECONDS = 60;

async function healthOf(cluster: Cluster): Promise<{ readonly health: string; readonly ms: number }> {
  const start = performance.now();
  const answers = await Promise.all(
    ([0, 1] as const).map((member) => new ApiClient(cluster.instance(member)).get('/api/v1/health')),
  );
  const seen = new Set(answers.map(({ status, at }) => `${String(status)} ${String(at('status'))}`));
  return { health: [...seen].join(', '), ms: Math.round(performance.now() - start) };
}

async function healthDuring(cluster: Cluster, { outage, begin, end }: Outage): Promise<OutageRow> {
  await begin();
  const { health: during, ms } = await healthOf(cluster);
  await end();
  let after = '';
  for (let second = 0; second < RECOVERY_SECONDS && after !== '200 ok'; second += 1) {
    await delay(1000);
    after = (await healthOf(cluster)).health;
  }
  return { outage, during, ms, after };
}

/** The database refuses all connections; Redis, where the cluster uses one, responds no more. */
export async function outages(
  cluster: Cluster,
  { adminUrl, database, redis }: { adminUrl: string; database: string; redis: RedisServer | undefined },
): Promise<OutageRow[]> {
  const rows = [
    await healthDuring(cluster, {
      outage: 'the database refuses connections',
      begin: () =>
        execute(
          adminUrl,
          `ALTER DATABASE ${database} ALLOW_CONNECTIONS false`,
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`,
        ),
      end: () => execute(adminUrl, `ALTER DATABASE ${database} ALLOW_CONNECTIONS true`),
    }),
  ];
  if (redis) {
    const { freeze, thaw } = redis;
    rows.push(await healthDuring(cluster, { outage: 'Redis hangs', begin: freeze, end: thaw }));
  }
  return rows;
}

/** Whether both processes said so in time, and recovered. */
export const isReported = ({ during, ms, after }: OutageRow): boolean =>
  during === '503 degraded' && ms <= MAX_HEALTH_MS && after === '200 ok';
