import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { v7 as uuid } from 'uuid';
import { JobEnginePool } from '../../../src/engines/job-engine/job-engine-pool.js';
import type { RunRequest } from '../../../src/engines/job-engine/protocol.js';
import type { TaskResult } from '../../../src/tasks/definition.js';
import { plainImage } from '../../factories/images/plain-image.js';
import { colourManifest, colourNetwork } from '../../factories/onnx/colour-network.js';
import { endlessColourNetwork } from '../../factories/onnx/endless-network.js';
import { makeModelFolder, type ModelFolder } from '../../factories/onnx/model-folder.js';

const MEBIBYTE = 2 ** 20;
/** Long enough for a job that loads a network on a busy machine. */
const LONG_MS = 60_000;

let folder: string;
let models: ModelFolder;
let pool: JobEnginePool;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-limits-'));
  models = await makeModelFolder();
  await models.add('colours', { model: colourNetwork({ gain: 4 }) }, colourManifest());
  await models.add('endless', { model: endlessColourNetwork() }, colourManifest());
  await models.add('hoards', { model: endlessColourNetwork(2 ** 28) }, colourManifest());
  pool = new JobEnginePool({
    size: 2,
    env: { PATH: process.env.PATH },
    silence: { silentMs: 600_000, computingMs: 600_000 },
    stopGraceMs: 300,
    maxRssBytes: 4096 * MEBIBYTE,
    maxCallBytes: 512 * MEBIBYTE,
    recycleRssBytes: 4096 * MEBIBYTE,
    maxJobsPerEngine: 50,
    onStderr: () => undefined,
  });
});
afterAll(async () => {
  await pool.close();
  await models.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A job that classifies one image of a colour. */
async function classify(
  modelId: string,
  colour: [number, number, number],
  modelTimeoutMs = LONG_MS,
): Promise<TaskResult> {
  const mediaId = uuid();
  const file = path.join(folder, `${mediaId}.png`);
  await writeFile(file, await plainImage(colour));
  const images = [{ mediaId, name: 'image', width: 16, height: 16 }];
  const request: RunRequest = {
    type: 'run',
    jobId: uuid(),
    task: 'classification',
    plan: { input: { images }, media: {} },
    params: { modelId, topK: 1, threshold: 0, allClasses: false, device: 'cpu', strict: false },
    mediaPaths: { [mediaId]: file },
    workspace: await mkdtemp(path.join(folder, 'work-')),
    modelsDirectory: models.path,
    ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', version: '6' },
    power: { cpuWatts: 15, carbonGramsPerKwh: 475 },
    threads: 1,
    modelTimeoutMs,
  };
  const signal = new AbortController().signal;
  return pool.run(request, { signal, timeoutMs: 600_000, onProgress: () => undefined });
}

const predicted = ({ json }: TaskResult): unknown =>
  (json.images as { predictions: { label: string }[] }[])[0].predictions[0].label;

const WHITE: [number, number, number] = [255, 255, 255];
const GREEN: [number, number, number] = [10, 250, 10];

describe('installed networks in jobs', () => {
  it('a run without end fails its job at the limit of a run, and another job beside it is not disturbed', async () => {
    const [endless, other] = await Promise.allSettled([
      classify('endless', WHITE, 3000),
      classify('colours', GREEN),
    ]);
    expect(endless).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'NETWORK_TIMEOUT',
        kind: 'too_large',
        message: expect.stringMatching(/network endless .* 3 s\.$/),
      },
    });
    expect(other.status === 'fulfilled' && predicted(other.value)).toBe('green');
  });

  it('a run that takes memory without end fails its job long before the engine has reached its own limit', async () => {
    await expect(classify('hoards', WHITE)).rejects.toMatchObject({
      code: 'NETWORK_MEMORY',
      kind: 'invalid',
      message: 'Network hoards needs more memory than the limit of 512 MiB.',
    });
  });

  it('the same networks do other images within the limits', async () => {
    expect(predicted(await classify('endless', GREEN))).toBe('green');
    expect(predicted(await classify('hoards', GREEN))).toBe('green');
  });
});
