import { readFile } from 'node:fs/promises';

const PAGE_BYTES = 4096;

/**
 * Resident memory of a process in bytes, from the kernel (Linux); null elsewhere or when the process is gone.
 * A process that is busy in native code cannot say it itself.
 */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    const [, resident] = (await readFile(`/proc/${String(pid)}/statm`, 'utf8')).split(' ');
    return Number(resident) * PAGE_BYTES;
  } catch {
    return null;
  }
}
