import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { databaseConfig } from '../../../src/config/database.js';
import { parseSettings } from '../../../src/config/settings.js';

let folder: string;
describe('database', () => {
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'infernode-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const configOf = (settings: Record<string, string>) =>
    databaseConfig(parseSettings({ DATA_DIR: folder, ...settings }), 'api');
  const embed = () => writeFileSync(path.join(folder, 'postgres.json'), '{"url":"postgres://embedded/db"}');

  it('a URL comes before a host, and both before the embedded database', () => {
    embed();
    const host = { DB_HOST: 'db.internal', DB_PORT: '6543', POSTGRES_USER: 'me@home', DB_PASSWORD: 'a/b:c' };
    expect(configOf({ ...host, DATABASE_URL: 'postgres://given/x' }).url).toBe('postgres://given/x');
    const { hostname, port, username, password, pathname } = new URL(configOf(host).url);
    expect([hostname, port, pathname]).toEqual(['db.internal', '6543', '/InferNode']);
    expect([username, password].map(decodeURIComponent)).toEqual(['me@home', 'a/b:c']);
    expect(configOf({}).url).toBe('postgres://embedded/db');
  });

  it('the pool and the name of the process are taken over, and nothing waits for ever', () => {
    embed();
    const config = configOf({ DB_POOL_MAX: '7' });
    expect(config).toMatchObject({ poolMax: 7, applicationName: 'api' });
    expect(Object.values(config.timeouts).every((limit) => limit > 0 && limit <= 10_000)).toBe(true);
  });

  it('without any database it says what to set', () => {
    expect(() => configOf({})).toThrow(/DATABASE_URL or DB_HOST/);
  });
});
