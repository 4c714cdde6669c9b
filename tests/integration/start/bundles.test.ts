import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { bundledModule } from '../../../src/supervision/bundled-module.js';

const BUNDLES = path.resolve('scripts', 'bundle.mjs');

/** Prints, for each entry, the options of V8 that it runs with. */
const ENTRIES_SCRIPT = `
  const { ENTRIES, flagsOf } = await import(${JSON.stringify(BUNDLES)});
  const entries = Object.keys(ENTRIES).map(async (entry) => [entry, await flagsOf(entry)]);
  console.log(JSON.stringify(await Promise.all(entries)));`;

const node = (...args: string[]): string => execFileSync(process.execPath, args, { encoding: 'utf8' });

// For a single test no bundles are made; a process whose modules have changed then starts from its modules.
const itAfterBuild = process.env.INFERNODE_REQUIRE_BUNDLES === '1' ? it : it.skip;

/** Prints the modules that the bundler imports and those that commands run in the same process. */
const MODULES_SCRIPT = `
  const { ENTRIES } = await import(${JSON.stringify(BUNDLES)});
  const { commands } = await import(${JSON.stringify(path.resolve('scripts', 'commands.mjs'))});
  const imported = Object.values(ENTRIES).flatMap(({ flagsOf }) => flagsOf ?? []).map((name) => 'dist/src/' + name);
  const run = Object.values(commands).flatMap(({ entry }) => entry ?? []);
  console.log(JSON.stringify({ imported, run }));`;

describe('a build', () => {
  it('loads no module that a command runs after it, which would not start then', () => {
    const printed = node('--input-type=module', '-e', MODULES_SCRIPT);
    const { imported, run } = JSON.parse(printed) as Record<'imported' | 'run', string[]>;
    expect(run).toContain('dist/src/stack.js');
    expect(imported).not.toHaveLength(0);
    expect(imported.filter((name) => run.includes(name))).toEqual([]);
  });

  itAfterBuild('starts each process that is started often from a bundle with compiled code', () => {
    const entries = JSON.parse(node('--input-type=module', '-e', ENTRIES_SCRIPT)) as [string, string[]][];
    expect(entries.map(([entry]) => entry)).toEqual(
      expect.arrayContaining(['server.js', 'workers/main.js', 'engines/servo-engine/main.js']),
    );
    for (const [entry, flags] of entries) {
      const starter = bundledModule(path.resolve('dist', 'src', entry));
      expect(starter).toBe(path.resolve('dist', 'bundles', 'src', entry, 'start.cjs'));
      const tag = node(...flags, '-p', "require('node:v8').cachedDataVersionTag()").trim();
      expect(existsSync(path.join(path.dirname(starter), `${tag}.cache`))).toBe(true);
    }
  });
});
