import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { execute } from '../../support/postgres-server.js';
import { runEntry } from '../../support/run-entry.js';

const SECRET = 'q7-not-for-logs';
const ENTRIES = ['stack', 'api', 'worker', 'migrate'] as const;

let folder: string;
let database: TestDatabase;
/** With the product's tables, without those of the queue. */
let migrated: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-start-'));
  database = await createTestDatabase({ empty: true });
  migrated = await createTestDatabase();
});
afterAll(async () => {
  await database.close();
  await migrated.close();
  await rm(folder, { recursive: true, force: true });
});

let count = 0;
/** Settings of a process with a data folder of its own. */
function settings(own: Readonly<Record<string, string>>): Record<string, string> {
  count += 1;
  const data = path.join(folder, `data-${count}`);
  return {
    DATA_DIR: data,
    PORT: '0',
    JWT_PRIVATE_KEY_PATH: path.join(data, 'private.key'),
    JWT_PUBLIC_KEY_PATH: path.join(data, 'public.key'),
    ADMIN_EMAIL: 'admin@example.com',
    ADMIN_PASSWORD: 'admin password',
    STARTUP_TIMEOUT: '1s',
    ...own,
  };
}

async function listening(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function closedPort(): Promise<number> {
  const { server, port } = await listening();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The test's database by another account, password or name. */
function urlWith(parts: { username?: string; password?: string; pathname?: string }): string {
  return Object.assign(new URL(database.url), parts).href;
}

describe('a database that cannot be used', () => {
  it.each(ENTRIES)(
    'ends %s with host and reason, after a line that says what is waited for',
    async (entry) => {
      const port = await closedPort();
      const url = `postgres://someone:${SECRET}@127.0.0.1:${port}/things`;
      const run = runEntry(entry, settings({ DATABASE_URL: url }));
      expect(await run.exited).toBe(1);
      const waiting = `Waiting for the database 127.0.0.1:${port}/things: nothing listens there (connection refused), 0 of 1 s.`;
      expect(run.output()).toContain(waiting);
      expect(run.output()).toContain(`The database 127.0.0.1:${port}/things cannot be used`);
      expect(run.output()).not.toContain(SECRET);
    },
  );

  it('a wrong password is told from no server, and is not written anywhere', async () => {
    const run = runEntry('api', settings({ DATABASE_URL: urlWith({ password: SECRET }) }));
    expect(await run.exited).toBe(1);
    expect(run.output()).toContain('the password of account "postgres" is refused');
    expect(run.output()).not.toContain(SECRET);
  });

  it('a missing database comes with the command that makes it', async () => {
    const run = runEntry('worker', settings({ DATABASE_URL: urlWith({ pathname: '/none_of_this_name' }) }));
    expect(await run.exited).toBe(1);
    expect(run.output()).toMatch(/there is no database "none_of_this_name".*createdb --host=127\.0\.0\.1/);
  });

  it('an account without rights is named together with the grants that it lacks', async () => {
    const role = `reader_${process.pid}`;
    await execute(database.url, `CREATE ROLE ${role} LOGIN PASSWORD '${SECRET}'`);
    try {
      const url = urlWith({ username: role, password: SECRET });
      const run = runEntry('migrate', settings({ DATABASE_URL: url }));
      expect(await run.exited).toBe(1);
      expect(run.output()).toContain(`account "${role}" may not create the tables`);
      expect(run.output()).toContain(`GRANT CREATE, USAGE ON SCHEMA public TO "${role}"`);
    } finally {
      await execute(database.url, `DROP ROLE ${role}`);
    }
  });

  it.each(['stack', 'api', 'worker'] as const)('SIGTERM ends a waiting %s', async (entry) => {
    const url = `postgres://someone@127.0.0.1:${await closedPort()}/things`;
    const run = runEntry(entry, settings({ DATABASE_URL: url, STARTUP_TIMEOUT: '1h' }));
    await run.says('Waiting for the database');
    run.process.kill('SIGTERM');
    expect(await run.exited).toBe(0);
  });
});

/** Libraries in a process that only engines and children for images need: they take more memory than all else. */
function heavyLibrariesOf(pid = 0): string[] {
  const maps = process.platform === 'linux' ? readFileSync(`/proc/${pid}/maps`, 'utf8') : '';
  return ['libvips', 'libonnxruntime', 'sharp-'].filter((name) => maps.includes(name));
}

describe('database at start', () => {
  it('a data folder without a database gets one; the tables are made by a process that is gone then', async () => {
    const own = settings({ STARTUP_TIMEOUT: '60s' });
    // Open to all, so that the database of root lies in it as well and goes with it.
    await chmod(folder, 0o755);
    const ready = 'InferNode is ready';
    for (const start of ['first', 'second']) {
      const run = runEntry('stack', own);
      await run.says(ready);
      const { url } = JSON.parse(readFileSync(path.join(own.DATA_DIR, 'postgres.json'), 'utf8')) as {
        url: string;
      };
      await expect(execute(url, 'SELECT count(*) FROM users, bullmq.migration')).resolves.toBeUndefined();
      run.process.kill('SIGTERM');
      expect([start, await run.exited]).toEqual([start, 0]);
      expect(run.output()).not.toContain('could not');
    }
  });

  describe('an empty database of one’s own', () => {
    it('is refused with the command that fills it; that one command suffices for api and worker', async () => {
      const own = { DATABASE_URL: database.url, STARTUP_TIMEOUT: '60s' };
      for (const entry of ['api', 'worker'] as const) {
        const refused = runEntry(entry, settings(own));
        expect(await refused.exited).toBe(1);
        expect(refused.output()).toMatch(
          /\d+ migrations have not been run \(create-users to .* and the tables of the queue/,
        );
        expect(refused.output()).toContain('npm run db:migrate');
      }
      const filled = runEntry('migrate', settings(own));
      expect(await filled.exited).toBe(0);
      expect(filled.output()).toContain('Migrated: 20261121100001-create-users.cjs');
      const parts = { api: 'The api serves.', worker: 'The worker is ready.' } as const;
      for (const entry of ['api', 'worker'] as const) {
        const run = runEntry(entry, settings(own));
        await run.says(parts[entry]);
        expect(heavyLibrariesOf(run.process.pid)).toEqual([]);
        run.process.kill('SIGTERM');
        expect(await run.exited).toBe(0);
      }
      const again = runEntry('migrate', settings(own));
      expect(await again.exited).toBe(0);
      expect(again.output()).toContain('up to date');
    });

    it('a Redis that is not there ends the api with its address', async () => {
      const port = String(await closedPort());
      const own = { DATABASE_URL: migrated.url, REDIS_HOST: '127.0.0.1', REDIS_PORT: port };
      const run = runEntry('api', settings(own));
      expect(await run.exited).toBe(1);
      expect(run.output()).toContain(`Waiting for Redis at 127.0.0.1:${port}: nothing listens there`);
      expect(run.output()).toContain(`Redis at 127.0.0.1:${port} cannot be used`);
    });
  });

  describe('a port that is taken', () => {
    it.each([
      ['stack', 'PORT'],
      ['stack', 'WORKER_PORT'],
      ['api', 'PORT'],
      ['worker', 'WORKER_PORT'],
    ] as const)('ends %s with the setting %s in one sentence', async (entry, setting) => {
      const { server, port } = await listening();
      const own = settings({ DATABASE_URL: migrated.url, STARTUP_TIMEOUT: '60s', [setting]: String(port) });
      const run = runEntry(entry, own);
      expect(await run.exited).toBe(1);
      if (entry === 'stack') expect(existsSync(own.DATA_DIR)).toBe(false);
      expect(run.output()).toContain(`Port ${port} on 127.0.0.1 is in use by another program`);
      expect(run.output()).toContain(`choose another port with ${setting} (`);
      await new Promise((resolve) => server.close(resolve));
    });
  });

  const onLinux = process.platform === 'linux' ? describe : describe.skip;

  onLinux('a folder that takes no files', () => {
    it.each([
      ['stack', 'DATA_DIR'],
      ['stack', 'MEDIA_DIR'],
      ['stack', 'LOG_DIR'],
      ['api', 'MEDIA_DIR'],
      ['worker', 'LOG_DIR'],
    ] as const)('ends %s with the setting %s and leaves nothing behind', async (entry, setting) => {
      const own = settings({ DATABASE_URL: migrated.url, [setting]: '/proc/none' });
      const run = runEntry(entry, own);
      expect(await run.exited).toBe(1);
      expect(run.output()).toMatch(new RegExp(`${setting}.*`));
      expect(run.output()).toContain('/proc/none');
      expect(run.output()).toContain('it does not exist and cannot be made there');
      expect(run.output()).not.toContain('    at ');
      if (setting !== 'DATA_DIR') expect(existsSync(own.DATA_DIR)).toBe(false);
    });
  });

  it('a key file without a key ends the api with the setting', async () => {
    const own = settings({ DATABASE_URL: database.url, STARTUP_TIMEOUT: '60s' });
    expect(await runEntry('migrate', own).exited).toBe(0);
    const run = runEntry('api', { ...own, JWT_PRIVATE_KEY_PATH: path.resolve('package.json') });
    expect(await run.exited).toBe(1);
    expect(run.output()).toMatch(/JWT_PRIVATE_KEY_PATH: .*package\.json contains no key in PEM format/);
    expect(run.output()).not.toContain('    at ');
  });

  it.each(['api', 'worker', 'migrate'] as const)(
    '%s without any database says what to set',
    async (entry) => {
      const run = runEntry(entry, settings({}));
      expect(await run.exited).toBe(1);
      expect(run.output()).toContain('No database: set DATABASE_URL or DB_HOST, or run "npm start"');
      expect(run.output()).not.toContain('    at ');
    },
  );

  it('a file of a secret that cannot be read, and a size beyond any disk, are named by their settings', async () => {
    const unread = runEntry('api', settings({ DB_PASSWORD_FILE: '/nonexistent' }));
    expect(await unread.exited).toBe(1);
    expect(unread.output()).toContain('DB_PASSWORD_FILE: the file /nonexistent cannot be read (ENOENT).');
    const endless = runEntry('api', settings({ UPLOAD_MAX_MB: '1e99' }));
    expect(await endless.exited).toBe(1);
    expect(endless.output()).toContain('UPLOAD_MAX_MB');
  });
});
