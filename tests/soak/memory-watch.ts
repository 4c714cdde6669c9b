import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { descendants, type RunningStack } from '../support/running-stack.js';

const SAMPLE_MS = 500;

/** Resident set in bytes; 0 for a process that is gone. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Largest resident sets in bytes. */
export interface MemoryPeak {
  api: number;
  /** The process that decodes images of uploads. */
  intake: number;
  worker: number;
  engine: number;
}

/** Follows the largest resident set of each kind of process of a stack until `stop`. */
export function watchMemory(stack: RunningStack): { stop(): MemoryPeak } {
  const peak: MemoryPeak = { api: 0, intake: 0, worker: 0, engine: 0 };
  const note = async (kind: keyof MemoryPeak, pids: readonly number[]) => {
    for (const pid of pids) peak[kind] = Math.max(peak[kind], await residentBytes(pid));
  };
  const look = async () => {
    const { api, worker } = stack.children();
    await note('api', api);
    await note('worker', worker);
    const below = (pids: readonly number[], what: string) => pids.flatMap((pid) => descendants(pid, what));
    await note('intake', below(api, path.join('image-intake', 'main.js')));
    await note('engine', below(worker, path.join('job-engine', 'main.js')));
  };
  const timer = setInterval(() => void look(), SAMPLE_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}
