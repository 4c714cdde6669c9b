/**
 * `npm run soak:cluster -- [--mode postgres|redis] [--only PART] [--events 1000] [--jobs 2000] [--restarts 2]`: two api
 * processes and two workers behind nginx, with the queue and remote control on PostgreSQL and then on Redis. The parts:
 *
 * - `events`: raised on one api process, counted at WebSockets, event streams and Socket.IO clients of the other one;
 * - `quotas`: more uploads, jobs and requests at once than each quota allows;
 * - `fairness`: one user queues 2000 jobs, another one a single job;
 * - `attacks` that use both processes, such as a limit that each of them would count alone;
 * - `outages`: what the health check says without the database and without Redis;
 * - `load`: both api processes and a worker are replaced while clients work, then one is killed.
 *
 * Exits 1 when an event is lost, a quota lets one more or one less through, a job waits for
 * more than two of another user, an attack succeeds, an outage is not reported, a
 * request fails twice, a job does not end COMPLETED with one hold and one capture, or presence is wrong after the kill. It
 * needs nginx, and redis-server for Redis.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Cluster } from '../support/cluster.js';
import { ClusterUser, jobOf } from '../support/cluster-user.js';
import { databaseUrl } from '../support/database-broker.js';
import { execute, openPostgresServer } from '../support/postgres-server.js';
import { startRedis, type RedisServer } from '../support/redis-server.js';
import { RetryingLoad, type LoadOutcome } from '../support/retrying-load.js';
import { makeStackFolder } from '../support/running-stack.js';
import { attackCluster } from './cluster-attacks.js';
import { controlEvents, jobEvents, notifications, type Deliveries } from './cluster-events.js';
import { MAX_STARTED_BEFORE, secondUsersTurn } from './cluster-fairness.js';
import { isReported, outages } from './cluster-outages.js';
import { ClusterQuotas, holds } from './cluster-quotas.js';

const MODES = ['postgres', 'redis'] as const;
const PARTS = ['events', 'quotas', 'fairness', 'attacks', 'outages', 'load'] as const;
type Part = (typeof PARTS)[number];
/** A killed process is forgotten after 12 seconds, and looked for every three. */
const PRESENCE_LIMIT_SECONDS = 16;

const { values: options } = parseArgs({
  options: {
    mode: { type: 'string' },
    only: { type: 'string' },
    events: { type: 'string', default: '1000' },
    jobs: { type: 'string', default: '2000' },
    restarts: { type: 'string', default: '2' },
  },
});
const events = Number(options.events);
const restarts = Number(options.restarts);

/** Runs `work` while clients create jobs and read. */
async function underLoad(
  user: ClusterUser,
  work: () => Promise<void>,
): Promise<LoadOutcome & { readonly jobs: ReadonlySet<string> }> {
  const jobs = new Set<string>();
  const load = new RetryingLoad();
  for (let client = 0; client < 4; client += 1) {
    load.add(10, () => () => user.any.get('/api/user/credits'));
    load.add(10, () => () => user.any.post('/api/websocket/test', { message: 'load' }));
  }
  load.add(500, () => {
    const headers = { 'idempotency-key': randomUUID() };
    return async () => {
      const answer = await user.createJob(user.any, headers);
      if (answer.status === 201) jobs.add(jobOf(answer));
      return answer;
    };
  });
  await work();
  return { ...(await load.stop()), jobs };
}

/** Jobs that did not end COMPLETED with one hold and one capture. */
async function spoiltJobs(url: string, user: ClusterUser, jobs: ReadonlySet<string>): Promise<number> {
  return withDatabase(url, async (database) => {
    let spoilt = 0;
    for (const id of jobs) {
      const { at } = await user.any.get(`/api/jobs/${id}?wait=60`);
      const { rows } = await database.query<{ kinds: string }>(
        `SELECT string_agg(kind::text, ' ' ORDER BY id) AS kinds FROM credit_transactions WHERE job_id = $1`,
        [id],
      );
      if (at('status') !== 'COMPLETED' || rows[0].kinds !== 'hold capture') spoilt += 1;
    }
    return spoilt;
  });
}

/** Kills an api process; seconds until a device on the other one knows that it is alone. */
async function presenceAfterKill(cluster: Cluster): Promise<number> {
  const user = await ClusterUser.register(cluster, `present-${randomUUID()}`);
  const [left] = [await user.device(1), await user.device(0), await user.device(0)];
  const shows = (count: number) =>
    left.next(
      'client_presence',
      ({ connectedDevices }: { connectedDevices: number }) => connectedDevices === count,
    );
  await shows(3);
  const killed = performance.now();
  await cluster.end(cluster.api(0), 'SIGKILL');
  await shows(1);
  const seconds = (performance.now() - killed) / 1000;
  await cluster.startApi(0);
  user.close();
  return seconds;
}

const row = (what: string, { sent, received, misplaced, milliseconds }: Deliveries) => ({
  events: what,
  sent,
  received,
  misplaced,
  ...(milliseconds.length > 0 && {
    'ms median': Math.round(milliseconds[Math.floor(milliseconds.length / 2)]),
    'ms p99': Math.round(milliseconds[Math.floor(milliseconds.length * 0.99)]),
  }),
});

/** Events between the processes. */
async function eventsArrive(cluster: Cluster): Promise<boolean> {
  const rows = [
    ...(await notifications(cluster, events)).map(([what, counted]) => row(what, counted)),
    ...(await controlEvents(cluster, events)).map(([what, counted]) => row(what, counted)),
    ...(await jobEvents(cluster, events)).map(([what, counted]) => row(what, counted)),
  ];
  console.table(rows);
  return rows.every(({ sent, received, misplaced }) => sent === received && misplaced === 0);
}

async function quotasHold(cluster: Cluster, database: pg.Client): Promise<boolean> {
  const admin = await ClusterUser.signIn(cluster, cluster.admin);
  const rows = await new ClusterQuotas(cluster, database, admin.any).run();
  console.table(rows);
  return rows.every(holds);
}

/** The order of the jobs of two users. */
async function usersTakeTurns(cluster: Cluster, database: pg.Client): Promise<boolean> {
  const row = await secondUsersTurn(cluster, database, Number(options.jobs));
  console.table([row]);
  return row.startedBefore <= MAX_STARTED_BEFORE;
}

/** Runs `work` with a connection of its own to the database. */
async function withDatabase<Result>(
  url: string,
  work: (database: pg.Client) => Promise<Result>,
): Promise<Result> {
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  try {
    return await work(database);
  } finally {
    await database.end();
  }
}

async function attacksFail(cluster: Cluster): Promise<boolean> {
  const rows = await attackCluster(cluster);
  console.table(rows);
  return rows.every(({ expected, result }) => result === expected);
}

/** What the health check says while a dependency is missing. */
async function outagesAreReported(cluster: Cluster, what: Parameters<typeof outages>[1]): Promise<boolean> {
  const rows = await outages(cluster, what);
  console.table(rows);
  return rows.every(isReported);
}

/** Replaces processes, and kills one, while clients work. */
async function survivesRestarts(cluster: Cluster, url: string): Promise<boolean> {
  const user = await ClusterUser.register(cluster, 'load');
  await user.recharge(100_000);
  await user.prepare();
  const replaced = await underLoad(user, async () => {
    for (let round = 0; round < restarts; round += 1) {
      await cluster.restartApi(0);
      await cluster.restartApi(1);
      await cluster.restartWorker((round % 2) as 0 | 1);
    }
  });
  let presence = Infinity;
  const killed = await underLoad(user, async () => {
    presence = await presenceAfterKill(cluster);
  });
  const outcomes = { 'both apis and a worker replaced': replaced, 'an api killed': killed };
  const loads = [];
  for (const [what, { answered, repeated, failed, jobs }] of Object.entries(outcomes))
    loads.push({
      load: what,
      answered,
      repeated,
      failed: failed.length,
      jobs: jobs.size,
      'jobs spoilt': await spoiltJobs(url, user, jobs),
    });
  console.table(loads);
  console.log('reasons for a second attempt:', { ...replaced.problems, ...killed.problems });
  const failed = [...replaced.failed, ...killed.failed];
  if (failed.length > 0) console.log('failed at the second attempt:', failed.slice(0, 5));
  console.log(`presence is right ${presence.toFixed(1)} s after the kill`);
  return (
    loads.every((load) => load.failed === 0 && load['jobs spoilt'] === 0) &&
    presence <= PRESENCE_LIMIT_SECONDS
  );
}

/** A cluster, and what it runs on. */
interface Soaked {
  readonly cluster: Cluster;
  readonly url: string;
  readonly redis: RedisServer | undefined;
  readonly adminUrl: string;
  readonly database: string;
}

async function soak({ cluster, url, ...rest }: Soaked): Promise<boolean> {
  const parts: Readonly<Record<Part, () => Promise<boolean>>> = {
    events: () => eventsArrive(cluster),
    quotas: () => withDatabase(url, (database) => quotasHold(cluster, database)),
    fairness: () => withDatabase(url, (database) => usersTakeTurns(cluster, database)),
    attacks: () => attacksFail(cluster),
    outages: () => outagesAreReported(cluster, rest),
    load: () => survivesRestarts(cluster, url),
  };
  let holdsAll = true;
  for (const part of PARTS.filter((name) => name === (options.only ?? name)))
    if (!(await parts[part]())) holdsAll = false;
  const lines = cluster.output().split('\n');
  const unhandled = lines.flatMap((line, index) => (line.includes('Uncaught error') ? [index] : []));
  // Each with the start of its stack.
  for (const index of unhandled.slice(0, 3)) console.log(lines.slice(index, index + 12).join('\n'));
  return holdsAll && unhandled.length === 0;
}

/** What runs, in the order of its start. */
const running: (() => Promise<unknown>)[] = [];

/** Stops what was started after the first `kept`, the latest first. */
async function stop(kept = 0): Promise<void> {
  while (running.length > kept) await running.pop()?.();
}
let stopped: Promise<void> | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopped = stop();
    void stopped.finally(() => process.exit(128 + os.constants.signals[signal]));
  });

const folder = await makeStackFolder('infernode-cluster-');
running.push(() => rm(folder, { recursive: true, force: true }));
try {
  const { adminUrl, stop: stopPostgres } = await openPostgresServer();
  running.push(async () => stopPostgres());
  for (const mode of MODES.filter((name) => name === (options.mode ?? name))) {
    const kept = running.length;
    const redis = mode === 'redis' ? await startRedis() : undefined;
    if (redis) running.push(() => redis.stop());
    const database = `soak_${mode}`;
    await execute(adminUrl, `CREATE DATABASE ${database}`);
    const url = databaseUrl(adminUrl, database);
    const settings = { RATE_LIMIT_PER_MINUTE: '0', MAX_WAITING_JOBS_PER_USER: '0' };
    const cluster = await Cluster.start({
      folder: path.join(folder, mode),
      databaseUrl: url,
      redis,
      settings,
    });
    running.push(() => cluster.close());
    console.log(`\nqueue and remote control on ${mode}`);
    if (!(await soak({ cluster, url, redis, adminUrl, database }))) process.exitCode = 1;
    await stop(kept);
  }
} finally {
  // What the soak was doing fails when it is told to end.
  await (stopped ?? stop());
}
