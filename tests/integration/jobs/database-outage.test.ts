import type { ChildProcess } from 'node:child_process';
import { eventually, expectMoney, FRAME_PRICE, openJobWorld, reaches, type JobWorld } from './job-world.js';
import { endWorker, spawnWorker } from './spawn-worker.js';
import { TcpProxy } from './tcp-proxy.js';

let world: JobWorld;
let proxy: TcpProxy;
let worker: ChildProcess | undefined;
let overrides: Record<string, string>;

describe('database outage', () => {
  beforeAll(async () => {
    world = await openJobWorld();
    const url = new URL(world.database.url);
    proxy = new TcpProxy({ host: url.hostname, port: Number(url.port) });
    await proxy.mend();
    url.host = `127.0.0.1:${proxy.port}`;
    overrides = { DATABASE_URL: url.href };
  });

  afterEach(async () => {
    if (worker) await endWorker(worker, 'SIGKILL');
    worker = undefined;
  });

  afterAll(async () => {
    await proxy.cut();
    await world.close();
  });

  /** Connections of the worker to the database, through the proxy. */
  async function connections(): Promise<number> {
    const sql = `SELECT count(*)::int AS count FROM pg_stat_activity
               WHERE application_name LIKE 'infernode-worker%' AND datname = current_database()`;
    const { rows } = await world.pool.query<{ count: number }>(sql);
    return rows[0].count;
  }

  const capturedOnce = [
    ['hold', 10n * FRAME_PRICE],
    ['capture', 10n * FRAME_PRICE],
  ] as const;

  it('a worker that starts before its database waits and then takes jobs', async () => {
    await proxy.cut();
    const starting = spawnWorker(world, overrides);
    const { id } = await world.create({});

    await proxy.mend();
    worker = await starting;

    await reaches(world, id, 'COMPLETED');
  });

  it('a database that goes away in mid-job costs neither the job nor a start', async () => {
    worker = await spawnWorker(world, overrides);
    const { id } = await world.create({ behaviour: 'wait' });
    await eventually('a start', async () => (await world.starts(id)).length > 0);
    await proxy.cut();
    await eventually('the worker has no connection left', async () => (await connections()) === 0);

    await proxy.mend();
    await world.letGo(id);
    const job = await reaches(world, id, 'COMPLETED');
    const { id: next } = await world.create({});
    await reaches(world, next, 'COMPLETED');

    expect(job.attempt).toBe(1);
    expect(await world.starts(id)).toHaveLength(1);
    await expectMoney(world, id, capturedOnce);
    await expectMoney(world, next, capturedOnce);
  });

  it('a result that is ready while the database is away waits for it', async () => {
    worker = await spawnWorker(world, overrides);
    const { id } = await world.create({ behaviour: 'wait' });
    await eventually('progress', async () => (await world.read(id)).progress);
    await proxy.cut();
    await world.letGo(id);
    await eventually('the worker has no connection left', async () => (await connections()) === 0);

    await proxy.mend();
    const job = await reaches(world, id, 'COMPLETED');

    expect(job.attempt).toBe(1);
    await expectMoney(world, id, capturedOnce);
  });
});
