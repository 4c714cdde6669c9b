import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const SOURCES = pathToFileURL(path.resolve('dist', 'src') + path.sep).href;

/** Counts what one test file runs of the product, in this process and in the children that it starts. */
export interface Coverage {
  /** Writes the counts into the folder, in the form of NODE_V8_COVERAGE. */
  stop(): Promise<void>;
}

let opened: Promise<Session> | undefined;

/** Counts blocks of all modules that are loaded from now on; what is loaded before could only be counted by functions. */
async function openSession(): Promise<Session> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return session;
}

/**
 * Starts counting. Jest's own coverage finds none of the modules that Node loads, and knows nothing of children; Node
 * writes theirs. Test files of a process share modules and therefore one session, whose counts begin again at zero
 * whenever they are taken.
 */
export async function startCoverage(folder: string): Promise<Coverage> {
  process.env.NODE_V8_COVERAGE = folder;
  const session = await (opened ??= openSession());
  return {
    stop: async () => {
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const ours = result.filter(({ url }) => url.startsWith(SOURCES));
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, `jest-${randomUUID()}.json`), JSON.stringify({ result: ours }));
    },
  };
}
