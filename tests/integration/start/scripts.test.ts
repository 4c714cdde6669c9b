import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve('.');
let checkout: string;
/** A checkout in which nothing was installed yet. */
beforeAll(async () => {
  checkout = await mkdtemp(path.join(tmpdir(), 'infernode-checkout-'));
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    await cp(path.join(root, name), path.join(checkout, name));
  await cp(path.join(root, 'scripts'), path.join(checkout, 'scripts'), { recursive: true });
});
afterAll(() => rm(checkout, { recursive: true, force: true }));

function run(script: string, args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join('scripts', script), ...args], {
    cwd: checkout,
    env: { PATH: process.env.PATH, HOME: checkout, ...settings },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test.each(['start', 'api', 'worker', 'demo', 'models', 'storage', 'keys', 'db:migrate', 'bench'])(
  '%s answers --help and refuses what it does not know, before anything is installed',
  async (name) => {
    const help = run('run.mjs', [name, '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('npm ');
    const unknown = run('run.mjs', [name, '--no-such-option']);
    expect(unknown).toMatchObject({ status: 2, stdout: '' });
    expect(unknown.stderr).toMatch(/Unknown option '--no-such-option'[\s\S]*Usage: npm /);
    expect(await readdir(checkout)).not.toContain('node_modules');
  },
);

test('a registry that cannot be reached is named as the reason', () => {
  const settings = {
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_cache: path.join(checkout, 'cache'),
  };
  const started = run('run.mjs', ['start'], settings);
  expect(started.status).toBe(1);
  expect(started.stderr).toContain('The package registry cannot be reached (ECONNREFUSED)');
  expect(started.stderr).toContain('name a proxy or another registry');
});
