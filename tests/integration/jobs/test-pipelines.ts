import { appendFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../../src/errors/app-error.js';
import type { EngineContext, Pipeline, TaskResult } from '../../../src/tasks/definition.js';
import type { TestInput } from './test-task.js';

/**
 * Pipelines of the test task, loaded by real engine children. A start announces itself with a line
 * `pid` in `<folder>/<jobId>.starts`, and a job that waits goes on when `<folder>/<jobId>.go` exists.
 */
async function run(input: TestInput, engine: EngineContext): Promise<TaskResult> {
  const file = (suffix: string) => path.join(input.folder, `${engine.jobId}.${suffix}`);
  await appendFile(file('starts'), `${process.pid}\n`);
  const goOn = () => existsSync(file('go'));
  if (input.behaviour === 'fail-final') throw final();
  if (input.behaviour === 'fail-retryable' && !goOn()) throw new Error(`a secret path: ${engine.workspace}`);
  if (input.behaviour === 'die' && !goOn()) process.kill(process.pid, 'SIGKILL');
  if (input.behaviour === 'block' && !goOn()) for (;;);
  while (input.behaviour === 'block-until-told' && !goOn());
  if (input.behaviour === 'hoard') hoard();
  if (input.behaviour === 'ignore-stop') await new Promise<never>(() => setInterval(() => undefined, 1_000));
  engine.progress({ done: 1, total: input.frames, percent: 50, stage: 'infer' });
  while (input.behaviour === 'wait' && !goOn()) await delay(10, undefined, { signal: engine.signal });
  return result(input, engine);
}

/** Takes 2 GiB of memory without ever coming back to the event loop. */
function hoard(): never {
  const kept: Uint8Array[] = [];
  for (;;) if (kept.length < 32) kept.push(new Uint8Array(2 ** 26).fill(1));
}

async function result(input: TestInput, engine: EngineContext): Promise<TaskResult> {
  const zipPath = path.join(engine.workspace, 'result.zip');
  await writeFile(zipPath, Buffer.alloc(input.zipBytes, 'z'));
  return {
    json: { jobId: engine.jobId, frames: input.frames },
    zipPath,
    units: { 'inference.video_frame': input.usedFrames },
    device: {
      requested: 'cpu',
      used: 'cpu',
      reason: 'asked for',
      attempts: [{ device: 'cpu', ok: true, reason: 'asked for' }],
    },
    timings: { totalMs: 1 },
    energy: { joules: 1, carbonGrams: 0.001, method: 'estimate', figures: { cpuWatts: 15 } },
    network: null,
  };
}

const final = () => new AppError('FRAMES_MISSING', { message: 'The frames are of no use.' });

/** What an engine asks its pipelines module for. */
export async function loadPipeline(): Promise<Pipeline<unknown, TestInput>> {
  return (plan, _params, engine) => run(plan.input, engine);
}
