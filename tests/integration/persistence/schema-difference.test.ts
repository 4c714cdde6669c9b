import { createRequire } from 'node:module';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { QueryInterface } from 'sequelize';
import { differences, migrationText } from '../../../scripts/database/schema-difference.js';
import { defineModels } from '../../../src/models/models.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';

interface Migration {
  up(queryInterface: QueryInterface): Promise<unknown>;
  down(queryInterface: QueryInterface): Promise<unknown>;
}

describe('npm run migration:generate', () => {
  let database: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    database = await createTestDatabase();
    folder = mkdtempSync(path.join(tmpdir(), 'infernode-migration-'));
  });
  afterAll(async () => {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const changes = () => differences(database.sequelize, Object.values(defineModels(database.sequelize)));

  it('finds nothing to do on a migrated database', async () => {
    expect(await changes()).toEqual([]);
  });

  it('writes a migration that adds and converts columns and creates tables, and can be reverted', async () => {
    await database.sequelize.query(
      `ALTER TABLE tags DROP COLUMN name, ADD COLUMN colour integer;
       ALTER TABLE revoked_sessions ALTER COLUMN expires_at TYPE text;
       DROP TABLE result_chunks;`,
    );
    const found = await changes();
    expect(found.map(({ up }) => up.split('\n')[0]).sort()).toEqual([
      'ALTER TABLE "revoked_sessions" ALTER COLUMN "expires_at" TYPE TIMESTAMP WITH TIME ZONE USING "expires_at"::TIMESTAMP WITH TIME ZONE;',
      'ALTER TABLE "tags" ADD COLUMN "name" VARCHAR(255);',
      'CREATE TABLE "result_chunks" (',
    ]);
    const file = path.join(folder, 'migration.cjs');
    writeFileSync(file, migrationText(found));
    const migration = createRequire(import.meta.url)(file) as Migration;
    await migration.up(database.sequelize.getQueryInterface());
    expect(await changes()).toEqual([]);
    await migration.down(database.sequelize.getQueryInterface());
    expect(await changes()).toHaveLength(found.length);
  });
});
