import { readFileSync } from 'node:fs';

const PAGE_BYTES = 4096;

/**
 * Resident memory of a process in bytes, from the kernel (Linux); null elsewhere or when the process has
 * exited. A process that is busy in native code could not report it itself.
 */
export function residentBytes(pid: number): number | null {
  try {
    // A synchronous read does not block here: the kernel generates the content.
    const [, resident] = readFileSync(`/proc/${String(pid)}/statm`, 'utf8').split(' ');
    return Number(resident) * PAGE_BYTES;
  } catch {
    return null;
  }
}
