import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DeviceProber } from '../../../../../src/networks/runtime/device-probe/device-prober.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'infernode-probe-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A prober whose probe process runs `source` in place of ours. */
async function proberWith(source: string, timeoutMs = 600_000): Promise<DeviceProber> {
  const script = join(folder, `probe-${String(Math.random()).slice(2)}.mjs`);
  await writeFile(script, source);
  return new DeviceProber({ script, timeoutMs });
}

describe('the device prober', () => {
  it('needs no process for the CPU', async () => {
    expect(await new DeviceProber({ script: '/nowhere.js' }).verdict('cpu')).toMatchObject({ ok: true });
  });

  it('survives a driver that aborts the process', async () => {
    const prober = await proberWith(`process.abort();`);
    expect(await prober.verdict('webgpu')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('SIGABRT'),
    });
  });

  it('survives a driver that ends the process quietly', async () => {
    const prober = await proberWith(`process.exit(3);`);
    expect(await prober.verdict('cuda')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('exit code 3'),
    });
  });

  it('gives up on a driver that hangs', async () => {
    const prober = await proberWith(`for (;;);`, 300);
    expect(await prober.verdict('webgpu')).toMatchObject({
      ok: false,
      reason: expect.stringContaining('did not answer'),
    });
  });

  it('adds what the driver loader said to a refusal', async () => {
    const prober = await proberWith(
      `console.error('Warning: Found no drivers!'); process.send({ ok: false, reason: 'no adapter' }, () => process.exit(0));`,
    );
    expect(await prober.verdict('webgpu')).toEqual({ ok: false, reason: 'no adapter (Found no drivers!)' });
  });

  it('asks once per device, however many wait', async () => {
    const log = join(folder, 'starts');
    const prober = await proberWith(
      `import { appendFileSync } from 'node:fs'; appendFileSync(${JSON.stringify(log)}, process.argv[2] + '\\n');
       process.send({ ok: true, reason: 'works' }, () => process.exit(0));`,
    );
    await Promise.all([prober.verdict('webgpu'), prober.verdict('webgpu'), prober.verdict('cuda')]);
    await prober.verdict('webgpu');
    expect((await readFile(log, 'utf8')).trim().split('\n').sort()).toEqual(['cuda', 'webgpu']);
  });
});

it('the real probe refuses CUDA without its provider, with a reason', async () => {
  const verdict = await new DeviceProber().verdict('cuda');
  expect(verdict.reason.length).toBeGreaterThan(0);
  if (!verdict.ok) expect(verdict.reason).toMatch(/CUDA/i);
});
