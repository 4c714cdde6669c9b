import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isAlive } from './running-stack.js';

/** Resolves when the system no longer runs the process; one that nobody has collected yet counts as gone. */
export async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) {
    const status = await readFile(`/proc/${String(pid)}/stat`, 'utf8').catch(() => '');
    if (status.slice(status.lastIndexOf(')') + 2).startsWith('Z')) return;
    await nextTurn();
  }
}

/**
 * Runs `script`, an ES module that prints the process id of its child, kills it by SIGKILL and resolves when the child is
 * gone too.
 */
export async function untilGoneWithParent(script: string): Promise<void> {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(parent, 'exit');
  const early = ended.then(() => Promise.reject(new Error('The parent ended before its child was there.')));
  const [line] = (await Promise.race([once(parent.stdout, 'data'), early])) as [Buffer];
  early.catch(() => undefined);
  const pid = Number(line.toString());
  if (!(pid > 0) || !isAlive(pid)) throw new Error(`no child: ${line.toString()}`);
  parent.kill('SIGKILL');
  await ended;
  await untilGone(pid);
}
