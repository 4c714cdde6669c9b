import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadSettings } from '../../../src/config/load.js';
import { bundledModule } from '../../../src/supervision/bundled-module.js';
import type * as workerModule from '../../../src/workers/main.js';
import { TEST_PIPELINES } from './test-task.js';

type WorkerModule = typeof workerModule;

const ENTRY = path.resolve('dist', 'src', 'workers', 'main.js');

/** The worker's module from its bundle, as the stack starts it. */
async function loadWorker(): Promise<WorkerModule> {
  const starter = bundledModule(ENTRY);
  if (starter === ENTRY) return (await import(pathToFileURL(ENTRY).href)) as WorkerModule;
  const bundle = createRequire(import.meta.url)(starter) as { load(): Promise<[WorkerModule]> };
  return (await bundle.load())[0];
}

/** Entry of a real worker process whose engines load the test pipelines; jobs get a moment to end at SIGTERM. */
const { runWorker } = await loadWorker();
await runWorker(loadSettings(), { pipelinesModule: TEST_PIPELINES, finishGraceMs: 300 });
