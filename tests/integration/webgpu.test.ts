import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { DevicePreference } from '../../src/networks/runtime/device.js';

/**
 * The GPU path without a GPU: WebGPU on SwiftShader, the software Vulkan driver in Debian's package `chromium`. Where it
 * is missing these tests are skipped and say so; INFERNODE_REQUIRE_WEBGPU=1 (CI) makes that a failure.
 */
const DRIVER = process.env.INFERNODE_SWIFTSHADER_ICD ?? '/usr/lib/chromium/vk_swiftshader_icd.json';
const required = process.env.INFERNODE_REQUIRE_WEBGPU === '1';
const present = existsSync(DRIVER);
const missing = `${DRIVER} is missing: install Debian's package chromium, or name another driver in INFERNODE_SWIFTSHADER_ICD`;

const CHILD = fileURLToPath(new URL('./webgpu-child.js', import.meta.url));
const MODELS = process.env.MODELS_DIR ?? fileURLToPath(new URL('../../../models', import.meta.url));

const velocity = z.array(z.number()).length(6);
const answer = z.union([
  z.strictObject({
    device: z.object({
      requested: z.string(),
      used: z.string(),
      reason: z.string(),
      attempts: z.array(z.object({ device: z.string(), ok: z.boolean(), reason: z.string() })),
    }),
    velocities: z.array(velocity),
  }),
  z.strictObject({ error: z.object({ code: z.string(), kind: z.string(), message: z.string() }) }),
]);
type Answer = z.infer<typeof answer>;

let runtimeFolder: string;
beforeAll(async () => {
  runtimeFolder = await mkdtemp(join(tmpdir(), 'infernode-xdg-'));
});
afterAll(() => rm(runtimeFolder, { recursive: true, force: true }));

/** Serves a few frames in a child that sees only the given Vulkan driver. */
async function serve(preference: DevicePreference, driver: string): Promise<Answer> {
  const env = {
    ...process.env,
    VK_DRIVER_FILES: driver,
    VK_ICD_FILENAMES: driver,
    XDG_RUNTIME_DIR: runtimeFolder,
  };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CHILD, MODELS, JSON.stringify(preference)],
    {
      env,
    },
  );
  return answer.parse(JSON.parse(stdout));
}
const NO_DRIVER = '/nonexistent/no-driver.json';

function served(found: Answer): Exclude<Answer, { error: unknown }> {
  if ('error' in found) throw new Error(`${found.error.code}: ${found.error.message}`);
  return found;
}

describe('webgpu', () => {
  it('finds the software driver where it is required', () => {
    if (required) expect(present ? 'present' : missing).toBe('present');
  });
});

const withDriver = present ? describe : describe.skip;
withDriver(present ? 'with a Vulkan driver' : `with a Vulkan driver (not run: ${missing})`, () => {
  it('automatic choice runs the CNS policy on WebGPU, says so and why not CUDA, and equals the CPU', async () => {
    const gpu = served(await serve({ device: 'auto', useGpus: true, strict: true }, DRIVER));
    const cpu = served(await serve({ device: 'cpu' }, DRIVER));
    expect(gpu.device).toMatchObject({ requested: 'auto', used: 'webgpu' });
    expect(gpu.device.reason).toMatch(/webgpu: \d+ of \d+ node runs/);
    expect(gpu.device.attempts[0]).toMatchObject({
      device: 'cuda',
      ok: false,
      reason: expect.stringMatching(/CUDA/),
    });
    expect(cpu.device).toMatchObject({ requested: 'cpu', used: 'cpu' });
    expect(gpu.velocities).toHaveLength(4);
    const largest = Math.max(...cpu.velocities.flat().map(Math.abs));
    // Not a comparison of nothing with nothing.
    expect(largest).toBeGreaterThan(1e-2);
    // Both compute in single precision; the fit to the points multiplies its rounding.
    gpu.velocities
      .flat()
      .forEach((value, i) => expect(Math.abs(value - cpu.velocities.flat()[i])).toBeLessThan(2e-3 * largest));
  });
});

describe('without a Vulkan driver', () => {
  it('the CPU runs, and the report says why', async () => {
    const { device, velocities } = served(await serve({ device: 'webgpu' }, NO_DRIVER));
    expect(device).toMatchObject({ requested: 'webgpu', used: 'cpu' });
    expect(device.reason).toMatch(/webgpu: .*(adapter|driver|Vulkan)/i);
    expect(velocities).toHaveLength(4);
  });

  it('strict fails, finally', async () => {
    const found = await serve({ device: 'webgpu', strict: true }, NO_DRIVER);
    expect(found).toMatchObject({ error: { code: 'DEVICE_NOT_AVAILABLE', kind: 'invalid' } });
  });
});
