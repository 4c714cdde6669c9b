import { readFileSync } from 'node:fs';

/** Milliseconds per tick in which Linux reports processor time (USER_HZ is 100 on all platforms). */
const TICK_MS = 10;

/** The kernel's information about a process's main thread. */
export interface MainThread {
  /** Whether it is running, or waiting for a free core. */
  readonly runnable: boolean;
  /** Processor time used so far, in milliseconds. */
  readonly computedMs: number;
}

/** The main thread of a process, from the kernel (Linux); null elsewhere or when the process has exited. */
export function mainThreadOf(pid: number): MainThread | null {
  try {
    // A synchronous read does not block here: the kernel generates the content.
    const line = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/stat`, 'utf8');
    // The second field is the program's name, which may contain spaces and parentheses (proc(5)).
    const [state, ...fields] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { runnable: state === 'R', computedMs: (Number(fields[10]) + Number(fields[11])) * TICK_MS };
  } catch {
    return null;
  }
}
