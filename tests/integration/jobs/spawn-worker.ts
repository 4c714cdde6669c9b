import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { HEAP_ARGUMENTS } from '../../../src/supervision/child-process.js';
import { LEASE_SECONDS, type JobWorld } from './job-world.js';

const ENTRY = fileURLToPath(new URL('./worker-process.js', import.meta.url));

/** Starts a real worker process on a world; resolves when it takes jobs. */
export async function spawnWorker(
  world: JobWorld,
  overrides: Readonly<Record<string, string>> = {},
): Promise<ChildProcess> {
  const child = fork(ENTRY, {
    execArgv: [...HEAP_ARGUMENTS],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      NODE_ENV: 'test',
      DATABASE_URL: world.database.url,
      DATA_DIR: world.folder,
      LEASE_SECONDS,
      LOG_LEVEL: 'error',
      PREVIEWS: 'none',
      ...overrides,
    },
  });
  const gone = once(child, 'exit').then(() => {
    throw new Error('The worker ended at its start.');
  });
  await Promise.race([once(child, 'message'), gone]);
  gone.catch(() => undefined);
  return child;
}

/** Sends `signal` and waits for the end. @returns exit code and signal. */
export async function endWorker(
  child: ChildProcess,
  signal: NodeJS.Signals,
): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }
  return { code: child.exitCode, signal: child.signalCode };
}
