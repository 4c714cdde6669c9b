import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { configuredDatabaseUrl } from '../../src/config/database.js';
import { parseEnvironment } from '../../src/config/environment.js';
import { parseSettings } from '../../src/config/settings.js';

const root = path.resolve();
const FILES = ['docker-compose.yml', 'docker-compose.dev.yml'];
const SCALE_FILE = path.join('deploy', 'compose.scale.yml');
const S3_FILE = path.join('deploy', 'compose.s3.yml');
const S3_KEYS = 'S3_ACCESS_KEY_ID=infernode\nS3_SECRET_ACCESS_KEY=a secret of forty characters or so\n';

/** Compose as a plugin of Docker or as a program of its own; null where there is neither. */
const compose = [['docker', 'compose'], ['docker-compose']].find(
  ([program, ...args]) => spawnSync(program, [...args, 'version']).status === 0,
);

const text = z.union([z.string(), z.number()]).transform(String);
const resolvedSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      environment: z.record(z.string(), text).default({}),
      volumes: z.array(z.unknown()).default([]),
    }),
  ),
});

/** What Compose makes of its files and an `.env`, with further lines. */
function resolve(folder: string, envFile: string, files: readonly string[], more = '') {
  cpSync(path.join(root, envFile), path.join(folder, '.env'));
  appendFileSync(path.join(folder, '.env'), `\n${more}`);
  const [program, ...args] = compose ?? [];
  const named = files.flatMap((file) => ['-f', file]);
  const output = execFileSync(program, [...args, '--env-file', '.env', ...named, 'config'], {
    cwd: folder,
    encoding: 'utf8',
    // Variables of the caller win over those of the file.
    env: { PATH: process.env.PATH, HOME: folder },
  });
  return resolvedSchema.parse(parse(output)).services;
}

describe('compose', () => {
  it('Compose is there where it is required', () => {
    if (process.env.INFERNODE_REQUIRE_COMPOSE === '1') expect(compose).toBeDefined();
  });
});

(compose ? describe : describe.skip)('the Compose file with the documented .env files', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'infernode-compose-'));
    for (const file of [...FILES, SCALE_FILE, S3_FILE])
      cpSync(path.join(root, file), path.join(folder, file));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    [
      'tests/fixtures/environments/servoing.env',
      'postgres://postgres:password@postgres:5432/InferNode',
      { NODE_ENV: 'development', WORKER_CONCURRENCY: 1, JWT_EXPIRATION: 86_400 },
    ],
    [
      'tests/fixtures/environments/inpainting.env',
      'postgres://postgres:1234@postgres:5432/pa_db',
      { NODE_ENV: 'development', WORKER_CONCURRENCY: 3, LOG_LEVEL: 'debug', ADMIN_EMAIL: 'admin@system.com' },
    ],
    [
      '.env.example',
      'postgres://postgres:change-me-too@postgres:5432/InferNode',
      { ADMIN_EMAIL: 'admin@infernode.local', ADMIN_PASSWORD: 'change-me-please' },
    ],
  ])('%s reaches every container', (envFile, database, expected) => {
    const { postgres, ...services } = resolve(folder, envFile, FILES.slice(0, 1));
    for (const name of ['infernode-app', 'worker', 'migrate']) {
      const environment = parseEnvironment(services[name].environment);
      expect(environment).toMatchObject(expected);
      expect(configuredDatabaseUrl(parseSettings(services[name].environment))).toBe(database);
      expect(environment).toMatchObject({
        ...{ HOST: '0.0.0.0', PORT: 3000, DATA_DIR: '/data', MEDIA_DIR: '/data/media' },
        ...{ MODELS_DIR: '/models', LOG_DIR: '/logs', REDIS_HOST: 'redis', QUEUE_BACKEND: 'postgres' },
      });
      expect(services[name].volumes).toHaveLength(4);
    }
    const { pathname, username, password } = new URL(database);
    const { DB_USERNAME, POSTGRES_USER, DB_PASSWORD, POSTGRES_PASSWORD, DB_NAME, POSTGRES_DB } =
      postgres.environment;
    expect([
      DB_USERNAME || POSTGRES_USER || 'postgres',
      DB_PASSWORD || POSTGRES_PASSWORD,
      DB_NAME || POSTGRES_DB || 'InferNode',
    ]).toEqual([username, password, pathname.slice(1)]);
  });

  it('the file for several instances gives each process its own URL, and all of them the same settings', () => {
    const services = resolve(folder, '.env.example', [SCALE_FILE]);
    expect(Object.keys(services).sort()).toEqual(
      ['api-1', 'api-2', 'migrate', 'nginx', 'postgres', 'redis', 'worker-1', 'worker-2'].sort(),
    );
    const settingsOf = (name: string) => parseSettings(services[name].environment);
    for (const name of ['api-1', 'api-2', 'worker-1', 'worker-2', 'migrate']) {
      const { queue, http, folders } = settingsOf(name);
      expect(queue).toMatchObject({ backend: 'redis', redis: { host: 'redis', port: 6379 } });
      expect(http).toMatchObject({ trustedProxies: 1, keepAliveMs: 75_000, port: 3000 });
      expect(folders.media).toBe('/data/media');
      expect(configuredDatabaseUrl(settingsOf(name))).toBe(
        'postgres://postgres:change-me-too@postgres:5432/InferNode',
      );
    }
    expect(['api-1', 'api-2'].map((name) => settingsOf(name).http.instanceUrl)).toEqual([
      'http://localhost:3000/instance-1',
      'http://localhost:3000/instance-2',
    ]);
  });

  it('the file with an S3 server gives all processes its bucket and the server their credentials', () => {
    const services = resolve(folder, '.env.example', [FILES[0], S3_FILE], S3_KEYS);
    const credentials = { accessKeyId: 'infernode', secretAccessKey: 'a secret of forty characters or so' };
    for (const name of ['infernode-app', 'worker'])
      expect(parseSettings(services[name].environment).storage).toMatchObject({
        kind: 's3',
        s3: {
          ...{ endpoint: 'http://s3:7070', publicEndpoint: 'http://localhost:7070', bucket: 'infernode' },
          ...{ region: 'us-east-1', forcePathStyle: true, credentials },
        },
      });
    expect(services.s3.environment).toMatchObject({
      ...{ ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
      ...{ VGW_PORT: ':7070', VGW_REGION: 'us-east-1' },
    });
    expect(services['s3-bucket'].environment).toMatchObject({
      ...{ AWS_ACCESS_KEY_ID: credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey },
      ...{ BUCKET: 'infernode', AWS_ENDPOINT_URL: 'http://s3:7070' },
    });
    expect(() => resolve(folder, '.env.example', [FILES[0], S3_FILE])).toThrow(
      /Set S3_ACCESS_KEY_ID in \.env/,
    );
  });

  it('the development override mounts the sources', () => {
    const services = resolve(folder, 'tests/fixtures/environments/servoing.env', FILES);
    for (const name of ['infernode-app', 'worker']) {
      expect(JSON.stringify(services[name].volumes)).toContain('/app/src');
      expect(parseSettings(services[name].environment).mode).toBe('development');
    }
  });
});
