import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { createPersistence, type Persistence } from '../../../src/composition/persistence.js';
import { parseSettings, type Settings } from '../../../src/config/settings.js';
import type { Job, JobStatus } from '../../../src/domain/job.js';
import type { LedgerEntry } from '../../../src/domain/money.js';
import type { Principal } from '../../../src/domain/user.js';
import { PostgresJobControl } from '../../../src/queue/job-control.js';
import { PostgresJobQueue } from '../../../src/queue/postgres-job-queue.js';
import { createQueuePool, migrateQueue } from '../../../src/queue/queue-pool.js';
import { JobPlanner } from '../../../src/services/job-planner.js';
import { JobService } from '../../../src/services/job.service.js';
import { TaskRegistry } from '../../../src/tasks/registry.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { testTask, type TestParams } from './test-task.js';

/** Credits that the test user starts with. */
export const START_BALANCE = 100_000_000n;
/** Price of a processed frame in the preset `infernode`, in micro-credits (0.002 credits). */
export const FRAME_PRICE = 2_000n;
/** Longer than any pause of a worker on a busy machine; {@link JobWorld.expireLease} ends the lease of one that is gone. */
export const LEASE_SECONDS = '300';

/** A migrated database with a user, a dataset and the services that create jobs. */
export interface JobWorld {
  readonly database: TestDatabase;
  readonly environment: Settings;
  readonly persistence: Persistence;
  readonly pool: pg.Pool;
  readonly queue: PostgresJobQueue;
  readonly jobs: JobService;
  readonly principal: Principal;
  readonly datasetId: string;
  readonly folder: string;
  /** Creates one job. */
  create(params: Partial<TestParams>, range?: string): Promise<Job>;
  read(jobId: string): Promise<Job>;
  ledgerOf(jobId: string): Promise<readonly LedgerEntry[]>;
  balance(): Promise<bigint>;
  /** Process ids of the engines that started this job, in order. */
  starts(jobId: string): Promise<readonly number[]>;
  /** Ends the lease of a job whose worker is gone, as time would. */
  expireLease(jobId: string): Promise<void>;
  /** Lets a job that waits go on. */
  letGo(jobId: string): Promise<void>;
  close(): Promise<void>;
}

/** Settings of a worker on this world. */
function environmentOf(url: string, folder: string): Settings {
  return parseSettings({
    NODE_ENV: 'test',
    DATABASE_URL: url,
    DATA_DIR: folder,
    LEASE_SECONDS: LEASE_SECONDS,
    LOG_LEVEL: 'error',
  });
}

async function seed(
  { unitOfWork }: Persistence,
  email = 'owner@example.com',
): Promise<{ principal: Principal; datasetId: string }> {
  return unitOfWork.run(async ({ users, ledger, datasets }) => {
    const { id: userId } = await users.create({ email, passwordHash: 'x', role: 'user' });
    await ledger.append({
      userId,
      kind: 'grant',
      amount: START_BALANCE,
      delta: START_BALANCE,
      description: 'Start',
    });
    const dataset = await datasets.create({ userId, name: 'clips', tags: [] });
    return { principal: { userId, email, role: 'user' }, datasetId: dataset.id };
  });
}

/** A second user with a dataset, who has credits for many jobs. */
export async function openSecondUser(world: JobWorld): Promise<Pick<JobWorld, 'principal' | 'datasetId'>> {
  return seed(world.persistence, 'second@example.com');
}

/** Opens a world of its own for a test file. */
export async function openJobWorld(): Promise<JobWorld> {
  const database = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-jobs-'));
  const errors: unknown[] = [];
  const pool = createQueuePool({
    connection: { connectionString: database.url },
    max: 4,
    applicationName: 'infernode-test-queue',
    onError: (error) => errors.push(error),
  });
  await migrateQueue(pool);
  const queue = new PostgresJobQueue({ pool, prefix: '' });
  const persistence = createPersistence(database.config, queue);
  const { principal, datasetId } = await seed(persistence);
  const planner = new JobPlanner(new TaskRegistry([testTask]));
  const control = new PostgresJobControl(pool, (error) => errors.push(error));
  const jobs = new JobService(
    { unitOfWork: persistence.unitOfWork, planner, control },
    {
      requireSpace: async () => undefined,
      maxWaitingPerUser: 100,
    },
  );
  const { read } = persistence.unitOfWork;
  const readJob = async (id: string) => {
    const job = await read.jobs.findById(id);
    if (!job) throw new Error(`Job ${id} is gone.`);
    return job;
  };
  return {
    database,
    environment: environmentOf(database.url, folder),
    persistence,
    pool,
    queue,
    jobs,
    principal,
    datasetId,
    folder,
    create: async (params, range) => {
      const parameters = { frames: 10, folder, ...params };
      const created = await jobs.create({ principal, datasetId, task: 'cns', parameters, range });
      return created.jobs[0];
    },
    read: readJob,
    ledgerOf: async (jobId) =>
      (await read.ledger.listByUser(principal.userId, 1000))
        .filter((entry) => entry.jobId === jobId)
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    balance: async () => (await read.users.findById(principal.userId))?.balance ?? -1n,
    starts: async (jobId) => {
      const text = await readFile(path.join(folder, `${jobId}.starts`), 'utf8').catch(() => '');
      return text.split('\n').filter(Boolean).map(Number);
    },
    expireLease: async (jobId) => {
      const sql = `UPDATE inference_jobs SET lease_expires_at = now() - interval '1 second' WHERE id = $1 AND status = 'RUNNING'`;
      const { rowCount } = await pool.query(sql, [jobId]);
      if (rowCount !== 1) throw new Error(`Job ${jobId} has no lease.`);
    },
    letGo: (jobId) => writeFile(path.join(folder, `${jobId}.go`), ''),
    close: async () => {
      await persistence.close();
      await pool.end();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Looks again and again until `condition` gives something; fails with `what` where it never will. */
export async function eventually<Value>(
  what: string,
  condition: () => Promise<Value | false | null | undefined>,
): Promise<Value> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`Never happened: ${what}`);
    await delay(20);
  }
}

/** Waits until a job has this status. */
export function reaches(world: JobWorld, jobId: string, status: JobStatus): Promise<Job> {
  return eventually(`job ${jobId} is ${status}`, async () => {
    const job = await world.read(jobId);
    return job.status === status && job;
  });
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The money of a job must fit its end: one row of each kind, and the balance is the sum of the ledger. */
export async function expectMoney(
  world: JobWorld,
  jobId: string,
  kinds: readonly (readonly [kind: LedgerEntry['kind'], amount: bigint])[],
): Promise<void> {
  const rows = (await world.ledgerOf(jobId)).map(({ kind, amount }) => [kind, amount]);
  const sum = await world.persistence.unitOfWork.read.ledger.sumOfDeltas(world.principal.userId);
  expect(rows).toEqual(kinds);
  expect(await world.balance()).toBe(sum);
}
