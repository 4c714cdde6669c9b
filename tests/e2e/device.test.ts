import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import { renderTestClip } from '../factories/videos/render-clip.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

/**
 * Whole jobs on WebGPU without a GPU, on SwiftShader, the software Vulkan driver in Debian's package `chromium`. Where
 * it is missing that half is skipped; tests/integration/webgpu.test.ts makes this a failure in CI.
 */
const DRIVER = process.env.INFERNODE_SWIFTSHADER_ICD ?? '/usr/lib/chromium/vk_swiftshader_icd.json';
const FRAMES = 2;

let folder: string;
let clip: string;
let database: TestDatabase;

beforeAll(async () => {
  folder = await makeStackFolder('infernode-device-');
  clip = path.join(folder, 'clip.mp4');
  await renderTestClip({ out: clip, seed: 5, frames: FRAMES, width: 320, height: 240 });
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

interface JobView {
  readonly device: { readonly requested: string; readonly used: string; readonly reason: string } | null;
  readonly error: { readonly code: string } | null;
}

/** Runs a job per set of parameters on a stack that sees only the given Vulkan driver. */
async function runJobs(driver: string, parameters: readonly object[]): Promise<[string, JobView][]> {
  const stack: RunningStack = await startRunningStack(path.join(folder, 'data'), {
    DATABASE_URL: database.url,
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
    XDG_RUNTIME_DIR: folder,
  });
  try {
    const client = new ApiClient(stack.url);
    await client.signUp(`device-${Date.now()}@example.com`, 'a good password');
    const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'clips' });
    await client.uploadVideo(dataset.id, clip, 'clip');
    const ended: [string, JobView][] = [];
    for (const preference of parameters) {
      const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', {
        datasetId: dataset.id,
        parameters: { goalFrameId: FRAMES - 1, detector: 'ORB', ...preference },
      });
      const quiet = { onStatus: () => undefined, onProgress: () => undefined };
      const status = await followJob(client, jobId[0], quiet);
      ended.push([status, await client.get<JobView>(`/api/jobs/${jobId[0]}`)]);
    }
    return ended;
  } finally {
    stack.process.kill('SIGTERM');
    await stack.exited;
  }
}

(existsSync(DRIVER) ? describe : describe.skip)('with a Vulkan driver', () => {
  it('a job that may use GPUs runs on WebGPU and says so', async () => {
    const [[status, { device }]] = await runJobs(DRIVER, [{ useGpus: true }]);
    expect(status).toBe('COMPLETED');
    expect(device).toMatchObject({ requested: 'auto', used: 'webgpu' });
  });
});

describe('without a Vulkan driver', () => {
  it('the same job runs on the CPU and says why; a strict one fails', async () => {
    const preferences = [{ useGpus: true }, { device: 'webgpu', strict: true }];
    const [lenient, strict] = await runJobs('/nonexistent/no-driver.json', preferences);
    expect(lenient[0]).toBe('COMPLETED');
    expect(lenient[1].device).toMatchObject({ requested: 'auto', used: 'cpu' });
    expect(lenient[1].device?.reason).toMatch(/webgpu: .*(adapter|driver|Vulkan)/i);
    expect(strict[0]).toBe('FAILED');
    expect(strict[1].error).toMatchObject({ code: 'DEVICE_NOT_AVAILABLE' });
  });
});
