import { once } from 'node:events';
import { Redis } from 'ioredis';
import { createPersistence, type Persistence } from '../../../src/composition/persistence.js';
import { openQueue } from '../../../src/composition/queue.js';
import type { QueueParts } from '../../../src/composition/queue-parts.js';
import { parseSettings, type Settings } from '../../../src/config/settings.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { PostgresJobControl } from '../../../src/queue/job-control.js';
import { waitForRedis } from '../../../src/composition/wait-for-redis.js';
import { openRedisProducer } from '../../../src/queue/redis-connection.js';
import { JobPlanner } from '../../../src/services/job-planner.js';
import { JobService } from '../../../src/services/job.service.js';
import { TaskRegistry } from '../../../src/tasks/registry.js';
import {
  expectMoney,
  eventually,
  FRAME_PRICE,
  openJobWorld,
  openSecondUser,
  reaches,
  type JobWorld,
} from './job-world.js';
import { hasRedisServer, startRedis, type RedisServer } from '../../support/redis-server.js';
import { endWorker, spawnWorker } from './spawn-worker.js';
import { testTask } from './test-task.js';

const describeWithRedis = hasRedisServer ? describe : describe.skip;

describeWithRedis('the queue on Redis', () => {
  let world: JobWorld;
  let redis: RedisServer;
  let parts: QueueParts;
  let persistence: Persistence;
  let jobs: JobService;
  let environment: Settings;

  beforeAll(async () => {
    world = await openJobWorld();
    redis = await startRedis();
    environment = parseSettings({
      DATABASE_URL: world.database.url,
      REDIS_HOST: redis.host,
      REDIS_PORT: String(redis.port),
    });
    parts = await openQueue(environment, { applicationName: 'test', poolMax: 3, log: silentLogger });
    persistence = createPersistence(world.database.config, parts.queue);
    const planner = new JobPlanner(new TaskRegistry([testTask]));
    const { unitOfWork } = persistence;
    const control = new PostgresJobControl(parts.pool, fail);
    jobs = new JobService(
      { unitOfWork, planner, control },
      {
        requireSpace: async () => undefined,
        maxWaitingPerUser: 0,
      },
    );
  });

  afterAll(async () => {
    await persistence.close();
    await parts.close();
    await redis.stop();
    await world.close();
  });

  async function create(behaviour: 'finish' | 'wait'): Promise<string> {
    const { principal, datasetId, folder } = world;
    const parameters = { frames: 10, folder, behaviour };
    return (await jobs.create({ principal, datasetId, task: 'cns', parameters })).jobs[0].id;
  }

  const startWorker = () => spawnWorker(world, { REDIS_HOST: redis.host, REDIS_PORT: String(redis.port) });

  it('a queue message waits in the outbox, known to the queue, until the dispatcher carries it over', async () => {
    const id = await create('finish');
    const [inOutbox, inRedis] = [await parts.queue.knows(id), (await parts.queue.depth()).waiting];

    await parts.dispatcher?.drain();

    expect([inOutbox, inRedis]).toEqual([true, 0]);
    expect(await parts.queue.knows(id)).toBe(true);
    expect((await parts.queue.depth()).waiting).toBe(1);
    const { rows } = await world.pool.query('SELECT 1 FROM outbox');
    expect(rows).toEqual([]);
  });

  it('a job runs through Redis, a flushed queue loses none, and each is charged once', async () => {
    const before = await create('wait');
    await parts.dispatcher?.drain();
    const client = new Redis(redis.port, redis.host);
    await client.flushall();
    await client.quit();
    const worker = await startWorker();
    const after = await create('finish');

    await eventually('the flushed job starts', async () => (await world.starts(before)).length > 0);
    await world.letGo(before);
    await reaches(world, before, 'COMPLETED');
    await reaches(world, after, 'COMPLETED');
    const end = await endWorker(worker, 'SIGTERM');

    expect(end.code).toBe(0);
    for (const id of [before, after]) {
      await expectMoney(world, id, [
        ['hold', 10n * FRAME_PRICE],
        ['capture', 10n * FRAME_PRICE],
      ]);
    }
  });

  it('users take turns, as with the queue on PostgreSQL', async () => {
    const blocker = await create('wait');
    const worker = await startWorker();
    await eventually('the blocker runs', async () => (await world.starts(blocker)).length > 0);
    const parameters = { frames: 1, folder: world.folder, zipBytes: 10 };
    const { principal, datasetId } = world;
    const many = await jobs.create({ principal, datasetId, task: 'cns', parameters, range: '0-9' });
    const second = await openSecondUser(world);
    const { jobs: singles } = await jobs.create({ ...second, task: 'cns', parameters });
    await world.letGo(blocker);
    const single = await reaches(world, singles[0].id, 'COMPLETED');
    const all = await Promise.all(many.jobs.map(({ id }) => reaches(world, id, 'COMPLETED')));
    await endWorker(worker, 'SIGTERM');

    const earlier = all.filter(({ startedAt }) => Number(startedAt) < Number(single.startedAt));
    expect(earlier.length).toBeLessThanOrEqual(1);
  });

  it('keeps the counts of limits, without what they count, until they expire', async () => {
    const counts = parts.rateCounts;
    if (!counts) throw new Error('The counts are not in Redis.');
    const connection = openRedisProducer(redis, fail);
    await once(connection, 'ready');

    expect(await counts.find('login ann@example.com')).toBeNull();
    await counts.add('login ann@example.com', 2, 60);
    const count = await counts.add('login ann@example.com', 3, 600);

    expect(count.points).toBe(5);
    // The window is that of the first point.
    expect(count.endsInMs).toBeLessThanOrEqual(60_000);
    expect(await counts.find('login ann@example.com')).toMatchObject({ points: 5 });
    const keys = await connection.keys('*rates*');
    expect(keys).toHaveLength(1);
    expect(keys[0]).not.toContain('ann');
    expect(await connection.ttl(keys[0])).toBeGreaterThan(0);
    await counts.remove('login ann@example.com');
    expect(await counts.find('login ann@example.com')).toBeNull();
    connection.disconnect();
  });

  it('a Redis that drops queue messages under memory pressure is refused with the setting to change', async () => {
    const lossy = await startRedis({ 'maxmemory-policy': 'allkeys-lru' });
    const connection = openRedisProducer(lossy, () => undefined);

    await expect(waitForRedis(connection, {})).rejects.toThrow(/maxmemory-policy.*noeviction/);

    connection.disconnect();
    await lossy.stop();
  });
});

function fail(error: unknown): never {
  throw error;
}
