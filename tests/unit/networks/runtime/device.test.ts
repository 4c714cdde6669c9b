import type { DeviceUsed } from '../../../../src/domain/job.js';
import {
  chooseDevice,
  deviceCandidates,
  isDegraded,
  type DevicePreference,
} from '../../../../src/networks/runtime/device.js';

/** An attempt that only works on the given devices, and the list of what it was asked for. */
function attemptOn(working: readonly DeviceUsed[]) {
  const tried: DeviceUsed[] = [];
  const attempt = (device: DeviceUsed) => {
    tried.push(device);
    return working.includes(device)
      ? Promise.resolve({ value: `network on ${device}`, reason: 'all node runs' })
      : Promise.reject(new Error(`no ${device} here`));
  };
  return { tried, attempt };
}

describe('device candidates', () => {
  it.each<[DevicePreference, readonly DeviceUsed[]]>([
    [{ device: 'auto' }, ['cuda', 'webgpu', 'cpu']],
    [{ device: 'auto', useGpus: true }, ['cuda', 'webgpu', 'cpu']],
    [{ device: 'auto', useGpus: false }, ['cpu']],
    [{ device: 'auto', useGpus: false, strict: true }, ['cpu']],
    [{ device: 'auto', useGpus: true, strict: true }, ['cuda', 'webgpu']],
    [{ device: 'cpu', useGpus: true }, ['cpu']],
    [{ device: 'cuda' }, ['cuda', 'webgpu', 'cpu']],
    [{ device: 'cuda', useGpus: false }, ['cuda', 'webgpu', 'cpu']],
    [{ device: 'cuda', strict: true }, ['cuda']],
    [{ device: 'webgpu' }, ['webgpu', 'cuda', 'cpu']],
    [{ device: 'webgpu', strict: true }, ['webgpu']],
  ])('%j may run on %j', (preference, expected) => {
    expect(deviceCandidates(preference)).toEqual(expected);
  });
});

describe('choosing a device', () => {
  it('takes the first that works and stops there', async () => {
    const { attempt, tried } = attemptOn(['webgpu', 'cpu']);
    const { value, report } = await chooseDevice({ device: 'auto' }, attempt);
    expect(value).toBe('network on webgpu');
    expect(tried).toEqual(['cuda', 'webgpu']);
    expect(report).toMatchObject({ requested: 'auto', used: 'webgpu' });
    expect(report.attempts).toEqual([
      { device: 'cuda', ok: false, reason: 'no cuda here' },
      { device: 'webgpu', ok: true, reason: 'all node runs' },
    ]);
    expect(isDegraded(report)).toBe(false);
  });

  it('falls back to the CPU and keeps every reason', async () => {
    const { report } = await chooseDevice({ device: 'auto' }, attemptOn(['cpu']).attempt);
    expect(report.used).toBe('cpu');
    expect(report.reason).toContain('no cuda here');
    expect(report.reason).toContain('no webgpu here');
    expect(isDegraded(report)).toBe(true);
  });

  it('is not degraded when the CPU was wanted', async () => {
    const wanted = await chooseDevice({ device: 'cpu' }, attemptOn(['cpu']).attempt);
    const noGpus = await chooseDevice({ device: 'auto', useGpus: false }, attemptOn(['cpu']).attempt);
    expect([isDegraded(wanted.report), isDegraded(noGpus.report)]).toEqual([false, false]);
  });

  it('is degraded when another GPU replaces the named one', async () => {
    const { report } = await chooseDevice({ device: 'cuda' }, attemptOn(['webgpu']).attempt);
    expect(report.used).toBe('webgpu');
    expect(isDegraded(report)).toBe(true);
  });

  it('strict fails finally, with the reasons, and never tries the CPU', async () => {
    const { attempt, tried } = attemptOn(['cpu']);
    await expect(chooseDevice({ device: 'auto', strict: true }, attempt)).rejects.toMatchObject({
      code: 'DEVICE_NOT_AVAILABLE',
      kind: 'invalid',
      message: expect.stringMatching(/no cuda here.*no webgpu here/),
    });
    expect(tried).toEqual(['cuda', 'webgpu']);
  });

  it("passes the CPU's own error on: the network is at fault", async () => {
    const broken = () => Promise.reject(new Error('not an ONNX file'));
    await expect(chooseDevice({ device: 'auto' }, broken)).rejects.toThrow('not an ONNX file');
  });
});
