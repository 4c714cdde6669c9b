import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import bcrypt from 'bcrypt';
import { runMigrations } from '../../../src/composition/migrate.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

const root = path.resolve(import.meta.dirname, '..', '..', '..', '..');
const cli = path.join(root, 'node_modules', 'sequelize-cli', 'lib', 'sequelize');

let database: TestDatabase;
let folder: string;
describe('database scripts', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-scripts-'));
  });
  afterEach(async () => {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs sequelize-cli as the npm scripts do, with nothing but these settings. */
  async function sequelizeCli(command: string, settings: Record<string, string>): Promise<string> {
    const env = { PATH: process.env.PATH, NODE_ENV: 'development', ...settings };
    const { stdout } = await promisify(execFile)(process.execPath, [cli, command], { cwd: root, env });
    return stdout;
  }

  async function rows<Row>(sql: string): Promise<Row[]> {
    const [found] = await database.sequelize.query(sql);
    return found as Row[];
  }

  it('migrate and seed the database of DATABASE_URL with the seed’s data, and take it back', async () => {
    const settings = { DATABASE_URL: database.url };
    await sequelizeCli('db:migrate', settings);
    expect(await runMigrations(database.config)).toEqual([]);
    await sequelizeCli('db:seed:all', settings);
    const users = await rows<{ email: string; role: string; credits: number; ledger: number; hash: string }>(`
    SELECT email, role, (balance_micro / 1000000)::int AS credits, password_hash AS hash,
           (SELECT sum(delta_micro) / 1000000 FROM credit_transactions t WHERE t.user_id = u.id)::int AS ledger
      FROM users u ORDER BY credits DESC`);
    expect(users.map(({ email, role, credits, ledger }) => [email, role, credits, ledger])).toEqual([
      ['admin@example.com', 'admin', 1000, 1000],
      ['user1@example.com', 'user', 100, 100],
      ['user2@example.com', 'user', 50, 50],
    ]);
    expect(await bcrypt.compare('password', users[0].hash)).toBe(true);
    const tags = await rows<{ name: string }>('SELECT name FROM tags ORDER BY name');
    expect(tags.map(({ name }) => name)).toEqual([
      'ai',
      'computer-vision',
      'deep-learning',
      'machine-learning',
      'neural-networks',
    ]);
    const datasets = await rows<{ deleted: boolean }>(
      'SELECT deleted_at IS NOT NULL AS deleted FROM datasets ORDER BY deleted',
    );
    expect(datasets).toEqual([{ deleted: false }, { deleted: true }]);

    // A seeded user has run a job: its rows of the ledger name it.
    await database.sequelize.query(`
    WITH job AS (
      INSERT INTO inference_jobs (id, batch_id, user_id, dataset_id, task, params, plan, status, device_requested,
                                  price_preset, price_version, held_micro)
      SELECT gen_random_uuid(), gen_random_uuid(), user_id, id, 'cns', '{}', '{}', 'COMPLETED', 'auto', 'infernode', 1, 5
        FROM datasets WHERE deleted_at IS NULL
      RETURNING id, user_id
    )
    INSERT INTO credit_transactions (id, user_id, job_id, kind, amount_micro, delta_micro, balance_before_micro,
                                     balance_after_micro, description)
    SELECT gen_random_uuid(), user_id, id, 'hold', 5, -5, 100000000, 99999995, 'hold' FROM job`);

    await sequelizeCli('db:seed:undo:all', settings);
    expect(
      await rows('SELECT id FROM users UNION SELECT id FROM tags UNION SELECT id FROM datasets'),
    ).toEqual([]);
    await expect(rows('TRUNCATE credit_transactions')).rejects.toThrow('append-only');
    await sequelizeCli('db:seed:all', settings);
    expect(await rows('SELECT id FROM users')).toHaveLength(3);
  });

  it('use the embedded database that runs on DATA_DIR, and undo the last migration', async () => {
    await writeFile(path.join(folder, 'postgres.json'), JSON.stringify({ url: database.url }));
    const settings = { DATA_DIR: folder };
    await sequelizeCli('db:migrate', settings);
    const count = async () => (await rows('SELECT name FROM "SequelizeMeta"')).length;
    const all = await count();
    await sequelizeCli('db:migrate:undo', settings);
    expect(await count()).toBe(all - 1);
  });

  it('use DB_HOST and its like', async () => {
    const { hostname, port, username, password, pathname } = new URL(database.url);
    await sequelizeCli('db:migrate', {
      DB_HOST: hostname,
      DB_PORT: port,
      POSTGRES_USER: username,
      POSTGRES_PASSWORD: decodeURIComponent(password),
      DB_NAME: pathname.slice(1),
    });
    expect(await runMigrations(database.config)).toEqual([]);
  });

  it('refuse seed data in production', async () => {
    await runMigrations(database.config);
    const seeding = sequelizeCli('db:seed:all', { DATABASE_URL: database.url, NODE_ENV: 'production' });
    await expect(seeding).rejects.toMatchObject({ stderr: expect.stringContaining('refused') });
    expect(await rows('SELECT id FROM users')).toEqual([]);
  });

  it('say what is missing when there is no database', async () => {
    await expect(sequelizeCli('db:migrate', { DATA_DIR: folder })).rejects.toMatchObject({
      stderr: expect.stringContaining('DATABASE_URL'),
    });
  });
});
