import { createMigrator, runMigrations } from '../../../src/composition/migrate.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

let database: TestDatabase;
describe('migrations', () => {
  beforeEach(async () => {
    database = await createTestDatabase({ empty: true });
  });
  afterEach(() => database.close());

  /** Everything that migrations make, as text: columns, constraints, indexes, triggers, functions. */
  async function describeSchema(): Promise<string[]> {
    const [rows] = await database.sequelize.query(`
    SELECT format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) AS line
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT format('function %s', proname) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    ORDER BY 1`);
    return (rows as { line: string }[])
      .map(({ line }) => line)
      .filter((line) => !line.includes('SequelizeMeta'));
  }

  it('go up, all the way down to an empty database, and up again to the same schema', async () => {
    const done = await runMigrations(database.config);
    expect(done).toContain('20261121100001-create-users.cjs');
    const first = await describeSchema();
    expect(first.length).toBeGreaterThan(100);
    await createMigrator(database.sequelize).down({ to: 0 });
    expect(await describeSchema()).toEqual([]);
    expect(await runMigrations(database.config)).toEqual(done);
    expect(await describeSchema()).toEqual(first);
  });

  it('can each be taken back and made again', async () => {
    const names = await runMigrations(database.config);
    const migrator = createMigrator(database.sequelize);
    const whole = await describeSchema();
    for (const name of names.toReversed()) {
      const made = await describeSchema();
      await migrator.down({ step: 1 });
      await migrator.up({ step: 1 });
      expect({ name, schema: await describeSchema() }).toEqual({ name, schema: made });
      await migrator.down({ step: 1 });
    }
    expect(await describeSchema()).toEqual([]);
    await migrator.up();
    expect(await describeSchema()).toEqual(whole);
  });

  it('run once when several processes start together', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => runMigrations(database.config)));
    const counts = runs.map(({ length }) => length).sort((a, b) => b - a);
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts.slice(1)).toEqual([0, 0]);
  });

  it('bring stored names to one form, and keep apart what that would make the same', async () => {
    await runMigrations(database.config);
    const migrator = createMigrator(database.sequelize);
    await migrator.down({ to: '20261129020001-compare-texts-composed.cjs' });
    const [composed, decomposed] = ['Caf\u00e9', 'Cafe\u0301'];
    await database.sequelize.query(
      `INSERT INTO users (id, email, password_hash, created_at) VALUES
       ('019a0000-0000-7000-8000-000000000001', 'a@xn--mller-kva.example', '', '2020-01-01'),
       ('019a0000-0000-7000-8000-000000000002', 'b@xn--mller-kva.example', '', '2020-01-02'),
       ('019a0000-0000-7000-8000-000000000003', 'b@m\u00fcller.example', '', '2020-01-03')`,
    );
    await database.sequelize.query(
      `INSERT INTO datasets (id, user_id, name, tags, created_at, deleted_at)
     SELECT gen_random_uuid(), u.id, d.name, d.tags, d.at::timestamptz, d.deleted::timestamptz FROM users u,
       (VALUES (:composed, ARRAY[:decomposed, :composed], '2020-01-01', NULL),
               (:decomposed, '{}', '2020-01-02', NULL),
               (:decomposed, ARRAY[:decomposed], '2020-01-03', '2020-01-04')) AS d (name, tags, at, deleted)
      WHERE u.email LIKE 'a@%'`,
      { replacements: { composed, decomposed } },
    );
    await runMigrations(database.config);
    const rows = async (sql: string) => (await database.sequelize.query(sql))[0];
    expect(await rows('SELECT email FROM users ORDER BY created_at')).toEqual([
      { email: 'a@m\u00fcller.example' },
      { email: 'b@xn--mller-kva.example' },
      { email: 'b@m\u00fcller.example' },
    ]);
    expect(await rows('SELECT name, tags FROM datasets ORDER BY created_at')).toEqual([
      { name: composed, tags: [composed] },
      { name: `${composed} (2)`, tags: [] },
      { name: composed, tags: [composed] },
    ]);
  });
});
