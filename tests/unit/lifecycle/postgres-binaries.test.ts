import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { copyComplete } from '../../../src/lifecycle/postgres-binaries.js';

const MODULE = path.resolve('dist', 'src', 'lifecycle', 'postgres-binaries.js');
const FILES = 300;
const PROCESSES = 4;

let folder: string;
let source: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-binaries-'));
  source = path.join(folder, 'source');
  await mkdir(path.join(source, 'lib'), { recursive: true });
  for (let file = 0; file < FILES; file += 1) {
    await writeFile(path.join(source, 'lib', `${file}`), `content ${file}`, { mode: 0o600 });
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Copies in a process of its own and counts the files that this process then sees. */
async function copyElsewhere(target: string): Promise<string> {
  const code = `
    import { copyComplete } from ${JSON.stringify(MODULE)};
    import { readdirSync } from 'node:fs';
    copyComplete(${JSON.stringify(source)}, ${JSON.stringify(target)});
    process.stdout.write(String(readdirSync(${JSON.stringify(path.join(target, 'lib'))}).length));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString('utf8')));
  child.stderr.on('data', (text: Buffer) => (output += text.toString('utf8')));
  await once(child, 'close');
  return output;
}

describe('the copy of the binaries of PostgreSQL', () => {
  it('is complete for each of several processes that make it at once, and made once', async () => {
    const target = path.join(folder, 'system', 'native');
    const seen = await Promise.all(Array.from({ length: PROCESSES }, () => copyElsewhere(target)));
    expect(seen).toEqual(Array<string>(PROCESSES).fill(String(FILES)));
    expect(await readdir(path.dirname(target))).toEqual(['native']);
  });

  it('replaces one that a killed process left unfinished', async () => {
    const target = path.join(folder, 'system', 'native');
    await mkdir(path.join(target, 'lib'), { recursive: true });
    await writeFile(path.join(target, 'lib', '0'), 'half');
    copyComplete(source, target);
    expect(await readdir(path.join(target, 'lib'))).toHaveLength(FILES);
    expect(await readFile(path.join(target, 'lib', '0'), 'utf8')).toBe('content 0');
    expect(await readdir(path.dirname(target))).toEqual(['native']);
  });
});
