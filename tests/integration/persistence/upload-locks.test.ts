import { once } from 'node:events';
import { PostgresUploadLocks } from '../../../src/queue/upload-locks.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

const KEY = '01a22a99-f62d-72df-8f0a-1062b5bce13b';

/** Something that happens at some time. */
class Happening {
  readonly #happened = new AbortController();

  happen(): void {
    this.#happened.abort();
  }

  async wait(): Promise<void> {
    const { signal } = this.#happened;
    if (!signal.aborted) await once(signal, 'abort');
  }
}

describe('locks of uploads', () => {
  let database: TestDatabase;
  const opened: PostgresUploadLocks[] = [];
  const errors: Error[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await Promise.all(opened.map((locks) => locks.close()));
    await database.close();
  });

  /** The locks of one process. */
  function processOf(name: string, maxWaitMs?: number): PostgresUploadLocks {
    const connection = { connectionString: database.url, application_name: name };
    const locks = new PostgresUploadLocks(connection, (error) => errors.push(error), { maxWaitMs });
    opened.push(locks);
    return locks;
  }

  const endSession = (name: string) =>
    database.sequelize.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $name',
      {
        bind: { name },
      },
    );

  it('one request at a time has a lock, in the same process and in others, and is asked to release it', async () => {
    const [here, there] = [processOf('locks-here'), processOf('locks-there')];
    for (const other of [here, there]) {
      const requested = new Happening();
      const first = await here.acquire(KEY, { onRequested: () => requested.happen() });
      let hasSecond = false;
      const waiting = other.acquire(KEY).then((lock) => {
        hasSecond = true;
        return lock;
      });
      await requested.wait();
      expect(hasSecond).toBe(false);
      await first[Symbol.asyncDispose]();
      await (await waiting)[Symbol.asyncDispose]();
    }
  });

  it('gives up after a while, and when the waiting request ends', async () => {
    const locks = processOf('locks-patience', 1);
    const lock = await locks.acquire(KEY);
    await expect(locks.acquire(KEY)).rejects.toMatchObject({ code: 'UPLOAD_BUSY' });
    await expect(locks.acquire(KEY, { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow(
      'gone',
    );
    await lock[Symbol.asyncDispose]();
  });

  it('a lost connection frees its locks, tells their holders and is replaced', async () => {
    const [lost, other] = [processOf('locks-lost'), processOf('locks-other')];
    const told = new Happening();
    const lock = await lost.acquire(KEY, { onLost: () => told.happen() });
    await endSession('locks-lost');
    await told.wait();
    const taken = await other.acquire(KEY);
    await lock[Symbol.asyncDispose]();
    const waiting = lost.acquire(KEY);
    await taken[Symbol.asyncDispose]();
    await (await waiting)[Symbol.asyncDispose]();
    expect(errors.length).toBeGreaterThan(0);
  });
});
