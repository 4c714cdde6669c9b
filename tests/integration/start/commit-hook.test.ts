import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve('.');
let checkout: string;

function run(command: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: checkout,
    env: { PATH: process.env.PATH, HOME: checkout, GIT_CONFIG_GLOBAL: '/dev/null' },
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}
const git = (...args: string[]) =>
  run('git', '-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'init.defaultBranch=main', ...args);

describe('the commit hook', () => {
  beforeEach(async () => {
    checkout = await mkdtemp(path.join(tmpdir(), 'infernode-hook-'));
    await symlink(path.join(root, 'node_modules'), path.join(checkout, 'node_modules'));
    for (const name of ['package.json', '.prettierrc.json', '.githooks'])
      await cp(path.join(root, name), path.join(checkout, name), { recursive: true });
    await writeFile(path.join(checkout, '.gitignore'), 'node_modules\n');
    // The product's own rules look at the whole source.
    const config = "import js from '@eslint/js';\n\nexport default [js.configs.recommended];\n";
    await writeFile(path.join(checkout, 'eslint.config.js'), config);
    git('init');
    git('add', '.');
    git('commit', '-m', 'First');
    expect(run('npm', 'run', 'hooks').status).toBe(0);
  });
  afterEach(() => rm(checkout, { recursive: true, force: true }));

  it('formats what is staged and leaves other changes alone', async () => {
    await writeFile(path.join(checkout, 'staged.mjs'), 'export  const a = "1"\n');
    await writeFile(path.join(checkout, 'other.mjs'), 'export  const b = "2"\n');
    git('add', 'staged.mjs');
    expect(git('commit', '-m', 'Second')).toMatchObject({ status: 0 });
    expect(git('show', 'HEAD:staged.mjs').output).toBe("export const a = '1';\n");
    expect(await readFile(path.join(checkout, 'other.mjs'), 'utf8')).toBe('export  const b = "2"\n');
  });

  it('refuses what the linter refuses', async () => {
    await writeFile(path.join(checkout, 'staged.mjs'), 'export const a = nobodyKnowsThis;\n');
    git('add', 'staged.mjs');
    const { status, output } = git('commit', '-m', 'Second');
    expect(status).not.toBe(0);
    expect(output).toContain("'nobodyKnowsThis' is not defined");
    expect(git('rev-list', '--count', 'HEAD').output).toBe('1\n');
  });
});
