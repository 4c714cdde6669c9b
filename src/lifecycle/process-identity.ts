import { readFileSync } from 'node:fs';

/** Identifies a process even if the kernel reuses its pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time as the kernel counts it; empty where there is no /proc. */
  readonly startedAt: string;
}

/** Field 22 of /proc/<pid>/stat (proc(5)); empty where it cannot be read. */
function startTimeOf(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name in field 2 may hold blanks and brackets; counting starts behind its last bracket.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** This very process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startTimeOf(process.pid) };
}

/** Whether a process with this number exists, also under another account. */
export function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Whether the very process still runs: its number may have been given to another one since, or since a reboot. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return isAlive(pid) && startTimeOf(pid) === startedAt;
}
