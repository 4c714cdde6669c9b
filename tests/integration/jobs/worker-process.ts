import { loadSettings } from '../../../src/config/load.js';
import { runWorker } from '../../../src/workers/main.js';
import { TEST_PIPELINES } from './job-world.js';

/** Entry of a real worker process whose engines load the test pipelines; jobs get a moment to end at SIGTERM. */
await runWorker(loadSettings(), { pipelinesModule: TEST_PIPELINES, finishGraceMs: 300 });
