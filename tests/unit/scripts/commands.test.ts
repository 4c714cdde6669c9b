import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve('.');
const read = (name: string) => readFileSync(path.join(root, name), 'utf8');

interface Command {
  readonly group: string;
  readonly entry?: string;
}
interface Tables {
  readonly commands: Record<string, Command>;
  readonly plainCommands: Record<string, readonly [string, string]>;
  readonly groups: Record<string, string>;
  readonly page: string;
}

/** The tables are plain JavaScript that runs before anything is compiled, so Node reads them, not the compiler. */
function readTables(): Tables {
  const script =
    "const table = await import('./scripts/commands.mjs'); const { page } = await import('./scripts/commands-readme.mjs');" +
    'process.stdout.write(JSON.stringify({ ...table, page }));';
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as Tables;
}

describe('the table of commands', () => {
  const { commands, plainCommands, groups, page } = readTables();
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;

  it('has every script of package.json, and no other', () => {
    expect([...Object.keys(commands), ...Object.keys(plainCommands)].sort()).toEqual(
      Object.keys(scripts).sort(),
    );
  });

  it('runs each entry by its own name', () => {
    const entries = Object.entries(commands).filter(([, { entry }]) => entry !== undefined);
    for (const [name] of entries)
      expect(scripts[name]).toMatch(new RegExp(`^(exec )?node (--\\S+ )?scripts/run\\.mjs ${name}$`));
    for (const [, { entry }] of entries)
      expect(existsSync(path.join(root, (entry ?? '').replace(/^dist\//, '').replace(/\.js$/, '.ts')))).toBe(
        true,
      );
  });

  it('puts every command into a group of the page', () => {
    const used = [
      ...Object.values(commands).map(({ group }) => group),
      ...Object.values(plainCommands).map(([group]) => group),
    ];
    expect([...new Set(used)].sort()).toEqual(Object.keys(groups).sort());
    expect(read('scripts/README.md')).toBe(page);
  });

  it('tells benchmarks, evaluation and soaks apart by their folders', () => {
    const folders = { bench: 'dist/benchmarks/', eval: 'dist/evaluation/', soak: 'dist/tests/soak/' };
    for (const [group, folder] of Object.entries(folders)) {
      const own = Object.entries(commands).filter(([, command]) => command.group === group);
      expect(own.length).toBeGreaterThan(0);
      for (const [name, { entry }] of own) {
        expect(name.split(':')[0]).toBe(group);
        expect(entry).toContain(folder);
      }
    }
  });

  it.each([
    'README.md',
    'CONTRIBUTING.md',
    'docs/operations.md',
    'docs/database.md',
    'docs/cns-evaluation.md',
    'docs/inpainting-quality.md',
    'docs/classification.md',
    'docs/cns-policy.md',
  ])('%s names no command that does not exist', (name) => {
    const named = [...read(name).matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });
});
