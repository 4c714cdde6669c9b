import { readFileSync } from 'node:fs';

/** Identifies a process even if the kernel reuses its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's unit; empty without /proc. */
  readonly startedAt: string;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); empty if it cannot be read. */
function startTimeOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name in field 2 may contain spaces and parentheses, so fields are counted after its last
    // parenthesis.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startTimeOf(process.pid) };
}

/** Whether a process with this pid exists, under any account. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether this process is still running; its pid may have been reused since. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return isAlive(pid) && startTimeOf(pid) === startedAt;
}
