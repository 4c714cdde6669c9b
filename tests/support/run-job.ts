import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { JobEnginePool } from '../../src/engines/job-engine/job-engine-pool.js';
import { silentLogger } from '../../src/logging/logger.js';
import { JobRecorder } from '../../src/services/job-recorder.service.js';
import { ActiveAttempts } from '../../src/workers/active-attempt.js';
import { RunInferenceHandler } from '../../src/workers/handlers/run-inference.js';
import type { HandledMessage } from '../../src/workers/job-outcome.js';
import { Workspaces } from '../../src/workers/workspaces.js';
import type { TestApi } from './api.js';
import { ffmpegTools } from './ffmpeg-tools.js';

const GIBIBYTE = 2 ** 30;
const LONG_MS = 600_000;

/** Runs the next waiting job of an api as a worker does, in an engine of its own. */
export async function runNextJob({ storage, persistence }: TestApi): Promise<HandledMessage> {
  const { unitOfWork } = persistence;
  const workspaces = await mkdtemp(path.join(os.tmpdir(), 'infernode-work-'));
  const engines = new JobEnginePool({
    size: 1,
    env: { PATH: process.env.PATH },
    silence: { silentMs: LONG_MS, computingMs: LONG_MS },
    stopGraceMs: 300,
    maxRssBytes: 4 * GIBIBYTE,
    recycleRssBytes: 4 * GIBIBYTE,
    maxJobsPerEngine: 50,
    onStderr: () => undefined,
  });
  const handler = new RunInferenceHandler({
    recorder: new JobRecorder(unitOfWork, { leaseMs: LONG_MS, runningJobs: 0 }),
    engines,
    starts: new ActiveAttempts(),
    datasets: unitOfWork.read.datasets,
    blobs: storage.blobs,
    recordings: storage.recordings(),
    workspaces: new Workspaces(workspaces),
    log: silentLogger,
    settings: {
      leaseMs: LONG_MS,
      jobTimeoutMs: LONG_MS,
      engine: {
        modelsDirectory: path.resolve('models'),
        ffmpeg: await ffmpegTools(),
        power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
        threads: 1,
      },
    },
  });
  try {
    return await handler.handle();
  } finally {
    await engines.close();
    await rm(workspaces, { recursive: true, force: true });
  }
}
