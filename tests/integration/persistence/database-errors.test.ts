import { createServer, type AddressInfo, type Server } from 'node:net';
import { inspect } from 'node:util';
import { createPersistence } from '../../../src/composition/persistence.js';
import { waitForDatabase } from '../../../src/composition/wait-for-database.js';
import { newJob, newLease, openAccount, openJob } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;
beforeAll(async () => {
  real = await openRealPersistence();
});
afterAll(() => real.close());

const read = () => real.unitOfWork.read;

describe('database errors', () => {
  it('an id that is no uuid is the caller’s mistake, not a failure of ours', async () => {
    await expect(read().jobs.findById("' OR 1=1 --")).rejects.toMatchObject({
      code: 'VALIDATION',
      kind: 'malformed',
    });
  });

  it('texts and numbers that no column takes are the caller’s mistake', async () => {
    const { id: userId } = await openAccount(real);
    const dataset = { userId, tags: [] };
    await expect(read().datasets.create({ ...dataset, name: 'x'.repeat(256) })).rejects.toMatchObject({
      kind: 'malformed',
      details: { sqlState: '22001' },
    });
    const huge = 2n ** 63n - 1n;
    const grant = (delta: bigint) =>
      real.unitOfWork.run(({ ledger }) =>
        ledger.append({ userId, kind: 'grant', amount: delta, delta, description: 'much' }),
      );
    await grant(huge);
    await expect(grant(1n)).rejects.toMatchObject({ kind: 'malformed', details: { sqlState: '22003' } });
  });

  it('errors do not carry the values of their statement into logs', async () => {
    const { email } = await openAccount(real);
    const creating = read().users.create({ email, passwordHash: 'the-secret-hash', role: 'user' });
    const error: unknown = await creating.catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ code: 'EMAIL_TAKEN' });
    expect(inspect(error, { depth: 10 })).not.toContain('the-secret-hash');
  });

  it('a job of a dataset that is gone is a conflict', async () => {
    const { id: userId } = await openAccount(real);
    const job = newJob({ id: userId, userId });
    await expect(real.unitOfWork.run(({ jobs }) => jobs.create([job]))).rejects.toMatchObject({
      code: 'REFERENCE_MISSING',
      kind: 'conflict',
    });
  });

  it('a failure with unprintable text is recorded all the same', async () => {
    const job = await openJob(real);
    const message = `ffmpeg: \0\uD800 bad header ${'x'.repeat(10_000)}`;
    expect(await read().jobs.finish(job.id, 'FAILED', { code: 'DECODE', message })).toBe(true);
    const failure = (await read().jobs.findById(job.id))?.failure;
    expect(failure?.message).toMatch(/^ffmpeg: \uFFFD\uFFFD bad header x+$/);
    expect(failure?.message.length).toBeLessThanOrEqual(4000);
  });

  it('a damaged part of a ZIP is noticed while it is read', async () => {
    const { id: jobId } = await openJob(real);
    async function* zip() {
      yield Buffer.from('the whole ZIP');
    }
    await real.unitOfWork.run(({ results }) => results.store({ jobId, json: {}, zip: zip() }));
    await real.database.sequelize.query(`UPDATE result_chunks SET bytes = '\\x00' WHERE job_id = '${jobId}'`);
    const reading = async () => {
      for await (const part of read().results.readZip(jobId)) expect(part).toHaveLength(0);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'RESULT_CORRUPT', kind: 'internal' });
  });

  it('connections that the server cuts are an outage for their callers and replaced for the next ones', async () => {
    const cut = real.unitOfWork.run(async ({ users }) => {
      await users.findByEmail('x@example.com');
      await real.database.sequelize.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()",
      );
      await users.findByEmail('x@example.com');
    });
    await expect(cut).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      kind: 'unavailable',
      retryAfterSeconds: 2,
    });
    expect(await read().users.findByEmail('x@example.com')).toBeNull();
  });

  it('a statement that takes too long is stopped', async () => {
    const timeouts = { ...real.database.config.timeouts, statementMs: 200 };
    const slow = createPersistence({ ...real.database.config, timeouts }, real.queue);
    const job = await openJob(real);
    const waiting = real.unitOfWork.run(async ({ jobs }) => {
      await jobs.lock(job.id);
      await expect(slow.unitOfWork.read.jobs.claimForRun(job.id, newLease())).rejects.toMatchObject({
        code: 'DATABASE_TIMEOUT',
        kind: 'unavailable',
      });
    });
    await waiting;
    await slow.close();
  });
});

describe('a database that is away', () => {
  /** A port on which nobody listens. */
  const closedPort = async () => {
    const server = await listen(() => undefined);
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
  };
  const listen = async (onConnection: () => void): Promise<Server> => {
    const server = createServer(onConnection);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  };
  const configAt = (port: number) => {
    const url = new URL(real.database.url);
    url.port = String(port);
    return { ...real.database.config, url: url.href };
  };

  it('is unavailable to reads and transactions', async () => {
    const { unitOfWork, ping, close } = createPersistence(configAt(await closedPort()), real.queue);
    const unavailable = { code: 'DATABASE_UNAVAILABLE', kind: 'unavailable' };
    await expect(unitOfWork.read.users.findByEmail('x@example.com')).rejects.toMatchObject(unavailable);
    await expect(unitOfWork.run(async () => 1)).rejects.toMatchObject(unavailable);
    await expect(ping()).rejects.toMatchObject(unavailable);
    await close();
  });

  it('is waited for until it is there', async () => {
    const retries: string[] = [];
    const port = await closedPort();
    const waiting = waitForDatabase(configAt(port), {
      timeoutMs: 1,
      onWaiting: (message) => retries.push(message),
    });
    await expect(waiting).rejects.toThrow('nothing listens there');
    const stop = new AbortController();
    const stopped = waitForDatabase(configAt(port), { signal: stop.signal, onWaiting: () => stop.abort() });
    await expect(stopped).rejects.toThrow('aborted');
    await waitForDatabase(real.database.config);
  });
});
