import { readFileSync } from 'node:fs';

/** Milliseconds of a tick in which Linux counts processor time for other processes (USER_HZ is 100 everywhere). */
const TICK_MS = 10;

/** What the kernel says of a process's main thread. */
export interface MainThread {
  /** Whether it runs, or would if a core were free. */
  readonly runnable: boolean;
  /** Processor time that it has used, in milliseconds. */
  readonly computedMs: number;
}

/** The main thread of a process, from the kernel (Linux); null elsewhere or when the process is gone. */
export function mainThreadOf(pid: number): MainThread | null {
  try {
    // Nothing is waited for here: the kernel writes the line when it is read.
    const line = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/stat`, 'utf8');
    // The second field is the program's name, which may hold blanks and brackets (proc(5)).
    const [state, ...fields] = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return { runnable: state === 'R', computedMs: (Number(fields[10]) + Number(fields[11])) * TICK_MS };
  } catch {
    return null;
  }
}
