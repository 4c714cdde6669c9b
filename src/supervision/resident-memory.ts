import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4096;

/**
 * Resident memory of a process in bytes, from the kernel (Linux); null elsewhere or when the process is gone.
 * A process that is busy in native code cannot say it itself.
 */
export function residentBytes(pid: number): number | null {
  try {
    // Nothing is waited for here: the kernel writes the line when it is read.
    const [, resident] = readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ');
    return Number(resident) * PAGE_BYTES;
  } catch {
    return null;
  }
}
