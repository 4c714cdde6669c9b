// Runs the commands of the README's first tour against a fresh server and compares their output with the README. Ids,
// times and digests vary and are masked; events between the first and the last are omitted.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const section = /\n## A tour of the API\n(.*?)\n## /s.exec(readme)?.[1] ?? '';
const commands = /```sh\n(.*?)```/s.exec(section)?.[1] ?? '';
const printed = /```text\n(.*?)```/s.exec(section)?.[1] ?? '';

/** The lines that do not vary between runs: whole responses without events, and the velocity. */
const stable = (text) =>
  text
    .split('\n')
    .filter((line) => /^(\{|-?\d)/.test(line))
    .map((line) =>
      line
        .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
        .replaceAll(/"sha256":"[0-9a-f]+…?[0-9a-f]*"/g, '"sha256":"<digest>"')
        .replaceAll(/-?\d+\.\d{4,}/g, (number) => Number(number).toFixed(3)),
    );

const folder = mkdtempSync(path.join(os.tmpdir(), 'infernode-tour-'));
// In a private folder, PostgreSQL started by root would keep its cluster in a system folder.
chmodSync(folder, 0o755);
const server = spawn(process.execPath, [path.join(root, 'dist', 'src', 'stack.js')], {
  cwd: root,
  env: {
    ...process.env,
    PORT: '0',
    DATA_DIR: path.join(folder, 'data'),
    JWT_PRIVATE_KEY_PATH: path.join(folder, 'keys', 'private.key'),
    JWT_PUBLIC_KEY_PATH: path.join(folder, 'keys', 'public.key'),
  },
  stdio: ['ignore', 'pipe', 'pipe'],
});
const ended = new Promise((resolve) => server.once('exit', resolve));
try {
  const url = await new Promise((resolve, reject) => {
    let said = '';
    const read = (chunk) => {
      said += String(chunk);
      const ready = /InferNode is ready: (\S+)/.exec(said);
      if (ready) resolve(ready[1]);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    void ended.then((code) => reject(new Error(`The server ended (${String(code)}):\n${said}`)));
  });
  // The commands write files, so they run in a temporary folder with links to the samples instead of in the repository.
  for (const name of ['samples', 'postman']) symlinkSync(path.join(root, name), path.join(folder, name));
  const script = commands.replace(/^URL=.*$/m, `URL=${url}`);
  const output = execFileSync('bash', ['-c', script], { cwd: folder, encoding: 'utf8' });
  const [expected, given] = [stable(printed), stable(output)];
  const wrong = expected.filter((line) => !given.includes(line));
  console.log(`${String(expected.length)} lines of the README's tour, ${String(wrong.length)} differ`);
  for (const line of wrong) console.log(`README: ${line}`);
  if (wrong.length > 0) console.log(`today:\n${given.join('\n')}`);
  process.exitCode = expected.length < 6 || wrong.length > 0 ? 1 : 0;
} finally {
  server.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
