import { v7 as uuid } from 'uuid';
import { postgresWorkers, type QueueWorker } from '../../../src/queue/open-worker.js';
import { PostgresJobQueue } from '../../../src/queue/postgres-job-queue.js';
import { createQueuePool, migrateQueue } from '../../../src/queue/queue-pool.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { databaseUrl } from '../../support/database-broker.js';
import { execute } from '../../support/postgres-server.js';

const JOB = 'webhook.deliver';

/** A server that refuses connections by an error of SQL, as it does while it starts or shuts down. */
describe('a worker of a queue whose database refuses connections', () => {
  let database: TestDatabase;
  let pool: ReturnType<typeof createQueuePool>;
  let worker: QueueWorker | undefined;

  const allowConnections = async (allowed: boolean) => {
    const name = new URL(database.url).pathname.slice(1);
    const admin = databaseUrl(database.url, 'postgres');
    await execute(admin, `ALTER DATABASE "${name}" ALLOW_CONNECTIONS ${String(allowed)}`);
    if (!allowed)
      await execute(
        admin,
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
      );
  };

  /** What the pool says of a new connection; before, it may offer one that was cut. */
  async function refusal(): Promise<unknown> {
    for (;;) {
      const error: unknown = await pool.query('SELECT 1').catch((reason: unknown) => reason);
      if (error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED') return error;
    }
  }

  beforeEach(async () => {
    database = await createTestDatabase();
    const connection = { connectionString: database.url };
    pool = createQueuePool({ connection, max: 4, applicationName: 'test', onError: () => undefined });
    await migrateQueue(pool);
  });
  afterEach(async () => {
    await worker?.close(true);
    await pool.end();
    await database.close();
  });

  /** Opens a worker; the errors that it reports, and the ids of what it is given. */
  function open() {
    const errors: Error[] = [];
    const taken = new Set<string>();
    let notify = (): void => undefined;
    worker = postgresWorkers(pool)({
      job: JOB,
      prefix: '',
      concurrency: 1,
      processor: async ({ id = '' }) => {
        taken.add(id);
        notify();
      },
      onError: (error) => {
        errors.push(error);
        notify();
      },
    });
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) await new Promise<void>((resolve) => (notify = resolve));
    };
    return { errors, taken, until };
  }

  async function enqueue(): Promise<string> {
    const webhookId = uuid();
    const queue = new PostgresJobQueue({ pool, prefix: '', job: JOB });
    await database.sequelize.transaction((transaction) =>
      queue.enqueueInTransaction(transaction, {
        name: JOB,
        payload: { webhookId, turn: 0 },
        dedupeId: webhookId,
      }),
    );
    return webhookId;
  }

  it('takes messages when it can connect, if it was opened without', async () => {
    await allowConnections(false);
    const { errors, taken, until } = open();
    await until(() => errors.length > 0);

    await allowConnections(true);
    const id = await enqueue();

    await until(() => taken.has(id));
    // One for each failed attempt to start, which pauses in between, whatever the speed of the machine.
    expect(errors.length).toBeLessThan(60);
  });

  it('goes on after its connections were cut, and reports no refusal', async () => {
    const { errors, taken, until } = open();
    const before = await enqueue();
    await until(() => taken.has(before));

    await allowConnections(false);
    await expect(refusal()).resolves.toMatchObject({ cause: { code: '55000' } });
    await allowConnections(true);
    const id = await enqueue();

    await until(() => taken.has(id));
    expect(errors.filter(({ message }) => /not currently accepting/.test(message))).toEqual([]);
  });
});
