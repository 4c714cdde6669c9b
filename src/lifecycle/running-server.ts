import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { isAlive } from './process-identity.js';

function commandLine(pid: number): string {
  if (existsSync(`/proc/${pid}/cmdline`)) return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

/**
 * The pid of the server that runs on a cluster, or null. The pid in its file may belong to another program by
 * now.
 */
export function runningServer(dataDirectory: string): number | null {
  const pidFile = path.join(dataDirectory, 'postmaster.pid');
  if (!existsSync(pidFile)) return null;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (!isAlive(pid)) return null;
  const words = commandLine(pid);
  return words.includes('postgres') && words.includes(dataDirectory) ? pid : null;
}
