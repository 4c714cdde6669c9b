import { spawn, spawnSync } from 'node:child_process';
import path from 'node:path';

/** Whether the tests of backups can run here; `.ci/run` installs restic. */
export const hasRestic = spawnSync('restic', ['version']).status === 0;

/** How a command ended. */
export interface CommandEnd {
  readonly status: number;
  readonly output: string;
}

/** Runs a program with these settings and nothing of the caller's but its search path and home. */
export function runWith(
  settings: Readonly<Record<string, string>>,
  command: string,
  args: readonly string[],
): Promise<CommandEnd> {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(command, args, {
    env: { PATH, HOME, BCRYPT_SALT_ROUNDS: '4', NODE_ENV: 'development', ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ status: code ?? -1, output })));
}

/** `npm run backup -- …`, without the set-up of the checkout. */
export const runBackup = (
  settings: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<CommandEnd> =>
  runWith(settings, process.execPath, [path.resolve('dist', 'scripts', 'backup.js'), ...args]);
