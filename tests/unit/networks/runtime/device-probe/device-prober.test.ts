import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceProber } from '../../../../../src/networks/runtime/device-probe/device-prober.js';
import { detectConfinementTools } from '../../../../../src/supervision/confinement.js';
import { untilGoneWithParent } from '../../../../support/killed-parent.js';

const PROBER_MODULE = new URL(
  '../../../../../src/networks/runtime/device-probe/device-prober.js',
  import.meta.url,
).href;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'infernode-probe-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A prober whose probe process runs `source` in place of ours. */
async function proberWith(source: string, timeoutMs = 600_000, maxRssBytes?: number): Promise<DeviceProber> {
  const script = join(folder, `probe-${String(Math.random()).slice(2)}.mjs`);
  await writeFile(script, source);
  return new DeviceProber({ script, timeoutMs, maxRssBytes });
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

  (process.platform === 'linux' ? it : it.skip)('ends a driver that takes memory without end', async () => {
    // Up to 2 GiB, should nobody stop it.
    const bomb =
      'const kept = []; for (;;) if (kept.length < 32) kept.push(new Uint8Array(2 ** 26).fill(1));';
    const prober = await proberWith(bomb, 600_000, 300 * 2 ** 20);
    expect(await prober.verdict('webgpu')).toEqual({
      ok: false,
      reason: 'its driver took more than 300 MiB of memory',
    });
  });

  it('gives the driver no setting and no secret of this process', async () => {
    process.env.SMTP_PASS = 'hunter2';
    const prober = await proberWith(
      `process.send({ ok: true, reason: JSON.stringify(process.env) }, () => process.exit(0));`,
    );
    const { reason } = await prober.verdict('webgpu');
    delete process.env.SMTP_PASS;
    expect(reason).toContain('PATH');
    expect(reason).not.toContain('hunter2');
  });

  (detectConfinementTools().setpriv ? it : it.skip)(
    'leaves no hanging driver when its parent is killed',
    async () => {
      const script = join(folder, 'hangs.mjs');
      const pidFile = join(folder, 'hangs.pid');
      await writeFile(
        script,
        `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); for (;;);`,
      );
      await untilGoneWithParent(`
      import { readFileSync } from 'node:fs';
      const { DeviceProber } = await import(${JSON.stringify(PROBER_MODULE)});
      void new DeviceProber({ script: ${JSON.stringify(script)} }).verdict('webgpu');
      let pid = '';
      while (pid === '') {
        await new Promise((resolve) => setTimeout(resolve, 20));
        try { pid = readFileSync(${JSON.stringify(pidFile)}, 'utf8'); } catch {}
      }
      console.log(pid);`);
    },
  );

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

describe('device prober', () => {
  it('the real probe refuses CUDA without its provider, with a reason', async () => {
    const verdict = await new DeviceProber().verdict('cuda');
    expect(verdict.reason.length).toBeGreaterThan(0);
    if (!verdict.ok) expect(verdict.reason).toMatch(/CUDA/i);
  });
});
