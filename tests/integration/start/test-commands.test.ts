import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.resolve('.');
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-test-commands-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function node(args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder },
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}` };
}

describe('the test runner', () => {
  const support = path.join(root, 'dist', 'tests', 'support');

  interface RunOptions {
    readonly silenceMs?: number;
    readonly exitMs?: number;
    readonly processes?: number;
  }

  /** Runs Jest on one test file with the product's reporter and environment, which wait as long as they do there. */
  async function runTestFile(text: string, { processes = 2, ...waits }: RunOptions = {}) {
    const options = { silenceMs: 900_000, exitMs: 60_000, ...waits };
    const config = {
      testEnvironment: path.join(support, 'node-environment.js'),
      runtime: path.join(support, 'native-runtime.js'),
      transform: {},
      testMatch: ['<rootDir>/*.test.mjs'],
      moduleFileExtensions: ['js', 'mjs'],
      reporters: ['default', [path.join(support, 'json-reporter.js'), options]],
    };
    await writeFile(path.join(folder, 'package.json'), JSON.stringify({ jest: config }));
    await writeFile(path.join(folder, 'one.test.mjs'), text);
    const { status, output } = node(['--no-warnings', jest, `--maxWorkers=${processes}`]);
    const report = JSON.parse(await readFile(path.join(folder, 'reports', 'jest.json'), 'utf8')) as object;
    return { status, output, report };
  }

  it('writes the counts and the seconds of each file', async () => {
    const { status, report } = await runTestFile(`test('one', () => {}); test.skip('two', () => {});`);
    expect(status).toBe(0);
    expect(report).toMatchObject({ passed: 1, failed: 0, skipped: 1, success: true });
    expect(report).toHaveProperty('suites.0.file', 'one.test.mjs');
  });

  it('fails when a test file waits for what never comes, and names it', async () => {
    const { status, output, report } = await runTestFile(
      `await new Promise(() => {}); test('one', () => {});`,
      { silenceMs: 1000 },
    );
    expect(status).toBe(1);
    expect(output).toContain('ended without a result. Not finished: one.test.mjs.');
    expect(report).toMatchObject({ passed: 0, success: false });
  });

  const leaving = `import net from 'node:net'; test('one', () => { net.createServer().listen(0); });`;

  it('fails a test file that leaves a server open, and names what it left', async () => {
    await writeFile(path.join(folder, 'two.test.mjs'), `test('two', () => {});`);
    const { status, output, report } = await runTestFile(leaving);
    expect(status).toBe(1);
    expect(output).toContain('Left open after the last test: 1 TCPServerWrap.');
    expect(report).toMatchObject({ failed: 1, success: false });
  });

  it('puts back globals, variables, functions and the clock before the next file of a process', async () => {
    const changing = `
      import path from 'node:path';
      const state = () => [globalThis.left, process.env.LEFT, process.env.HOME, path.sep, performance.now() > 0, setTimeout.clock];
      const before = state();
      test('finds nothing of another file', () => {
        expect(before).toEqual([undefined, undefined, ${JSON.stringify(folder)}, '/', true, undefined]);
        globalThis.left = 1;
        process.env.LEFT = '1';
        delete process.env.HOME;
        jest.replaceProperty(path, 'sep', '-');
        jest.spyOn(performance, 'now').mockReturnValue(-1);
        jest.useFakeTimers();
        expect(state()).toEqual([1, '1', undefined, '-', false, expect.anything()]);
      });`;
    await writeFile(path.join(folder, 'two.test.mjs'), changing);
    expect(await runTestFile(changing, { processes: 1 })).toMatchObject({ status: 0, report: { passed: 2 } });
  });

  it('fails a run whose own process is left with something open', async () => {
    const { status, output } = await runTestFile(leaving, { exitMs: 1 });
    expect(status).toBe(1);
    expect(output).toMatch(/The test process does not end by itself: .*TCPServerWrap/);
  });
});

describe('compiling without types', () => {
  const sources = ['src/networks/runtime/no-telemetry.ts', 'src/errors/app-error.ts'];
  const transpile = () => node([path.join('scripts', 'transpile.mjs')]);
  const dist = (...names: string[]) => path.join(folder, 'dist', ...names);

  /** A small checkout with some of the product's sources. */
  beforeEach(async () => {
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    for (const name of ['package.json', 'tsconfig.json', 'scripts/transpile.mjs', ...sources])
      await cp(path.join(root, name), path.join(folder, name));
  });

  it('writes what the compiler writes, byte for byte', async () => {
    expect(transpile()).toMatchObject({ status: 0 });
    const read = async () => {
      const names = (await readdir(dist('src'), { recursive: true })).filter((name) => name.includes('.js'));
      const texts = names.sort().map(async (name) => [name, await readFile(dist('src', name), 'utf8')]);
      return Promise.all(texts);
    };
    const transpiled = await read();
    expect(transpiled.length).toBeGreaterThanOrEqual(4);
    await rm(dist(), { recursive: true });
    node([path.join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.']);
    expect(await read()).toEqual(transpiled);
  });

  it('compiles what changed and nothing else', async () => {
    expect(transpile().output).toContain('Compiled 2 files');
    expect(transpile().output).toContain('Compiled 0 files');
    await writeFile(path.join(folder, 'src', 'errors', 'app-error.ts'), 'export const a: number = 1;\n');
    expect(transpile().output).toContain('Compiled 1 files');
    expect(await readFile(dist('src', 'errors', 'app-error.js'), 'utf8')).toMatch(/^export const a = 1;/);
  });

  it('follows a file that moves', async () => {
    transpile();
    await mkdir(path.join(folder, 'src', 'faults'));
    await rename(
      path.join(folder, 'src', 'errors', 'app-error.ts'),
      path.join(folder, 'src', 'faults', 'app-error.ts'),
    );
    transpile();
    expect(await readdir(dist('src', 'faults'))).toContain('app-error.js');
    expect(await readdir(dist('src', 'errors'))).toEqual([]);
  });

  it('names the place of a syntax error', async () => {
    await writeFile(path.join(folder, 'src', 'errors', 'app-error.ts'), 'export const = 1;\n');
    const { status, output } = transpile();
    expect(status).toBe(1);
    expect(output).toContain('src/errors/app-error.ts(1,14): error TS1134');
  });
});
