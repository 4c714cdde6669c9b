import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve('.');
let checkout: string;
describe('scripts', () => {
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

  it.each(['start', 'api', 'worker', 'demo', 'models', 'storage', 'keys', 'db:migrate', 'bench'])(
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

  it.each([
    [['demo', '--detector', 'NOPE'], '--detector is "NOPE"; choose one of SIFT, AKAZE, ORB.'],
    [['demo', '--device', 'tpu'], '--device is "tpu"; choose one of auto, cpu, webgpu, cuda.'],
    [['storage'], 'A command is missing: check, clean, migrate.'],
    [['storage', 'chek'], 'Unknown command "chek"; choose one of check, clean, migrate.'],
    [['storage', 'check', 'all'], '"check" is not followed by "all".'],
    [['storage', 'check', '--older-than', 'a day'], '--older-than takes an integer, not "a day".'],
    [['models', 'pull'], '"pull" needs the id of a network.'],
    [['eval:files'], 'FOLDER is missing.'],
    [['eval:files', '/no/such/folder'], '/no/such/folder does not exist.'],
    [['eval:moving-background', 'a.mp4', 'b.mp4'], 'One CLIP at a time'],
    [['soak:kills', '--times', 'many'], '--times takes an integer, not "many".'],
    [['eval:inpainting'], '--photos is missing.'],
  ])('%j is refused with a sentence and the usage, before anything is installed', async (args, sentence) => {
    const refused = run('run.mjs', args);
    expect(refused).toMatchObject({ status: 2, stdout: '' });
    expect(refused.stderr).toContain(sentence);
    expect(refused.stderr).toContain('Usage: npm run ');
    expect(refused.stderr).not.toContain('    at ');
    expect(await readdir(checkout)).not.toContain('node_modules');
  });

  it('a detector whose network is installed may be asked for, in any case; .env counts before the set-up', async () => {
    const network = path.join(checkout, 'networks', 'mine');
    await mkdir(network, { recursive: true });
    await writeFile(
      path.join(network, 'manifest.json'),
      JSON.stringify({ task: 'features', detector: { name: 'XFeat' } }),
    );
    const settings = `MODELS_DIR=${path.dirname(network)}\nFFMPEG_PATH=/no/such/ffmpeg\n`;
    await writeFile(path.join(checkout, '.env'), settings);
    const registry = {
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_cache: path.join(checkout, 'cache'),
    };
    try {
      expect(run('run.mjs', ['demo', '--detector', 'nope']).stderr).toContain('SIFT, AKAZE, ORB, XFeat.');
      // The next thing is the installation, for which this registry is no good.
      expect(run('run.mjs', ['demo', '--detector', 'xfeat'], registry).stderr).toContain('Installing');
    } finally {
      await rm(path.join(checkout, '.env'));
    }
  });

  it.each([
    [{}, 'No database: set DATABASE_URL or DB_HOST, or run "npm start"'],
    [{ DATABASE_URL: 'nonsense' }, 'DATABASE_URL must be postgres://'],
    [
      { DB_HOST: 'db', DB_PASSWORD_FILE: '/no/such/file' },
      'DB_PASSWORD_FILE: the file /no/such/file does not exist.',
    ],
  ])('the seed commands say in a line why %j is no database', (settings, sentence) => {
    const script = `require(${JSON.stringify(path.join(root, 'config', 'sequelize-cli.cjs'))})`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', script], {
      env: { PATH: process.env.PATH, DATA_DIR: checkout, ...settings },
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('a registry that cannot be reached is named as the reason', () => {
    const settings = {
      npm_config_registry: 'http://127.0.0.1:9/',
      npm_config_cache: path.join(checkout, 'cache'),
    };
    const started = run('run.mjs', ['start'], settings);
    expect(started.status).toBe(1);
    expect(started.stderr).toContain('The package registry cannot be reached (ECONNREFUSED)');
    expect(started.stderr).toContain('name a proxy or another registry');
  });
});
