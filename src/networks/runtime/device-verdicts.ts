import type { DeviceRequest, DeviceUsed } from '../../domain/job.js';
import { deviceCandidates } from './device.js';
import type { DeviceProber, DeviceVerdict } from './device-probe/device-prober.js';

/** Asks for every device that a preference may end on whether it can be used at all; the others are refused unasked. */
export async function deviceVerdicts(
  prober: Pick<DeviceProber, 'verdict'>,
  { requested, strict }: { readonly requested: DeviceRequest; readonly strict: boolean },
): Promise<Readonly<Record<DeviceUsed, DeviceVerdict>>> {
  const verdicts: Record<DeviceUsed, DeviceVerdict> = {
    cpu: { ok: true, reason: 'the CPU is always there' },
    cuda: { ok: false, reason: 'it was not asked for' },
    webgpu: { ok: false, reason: 'it was not asked for' },
  };
  for (const device of deviceCandidates({ device: requested, strict }))
    verdicts[device] = await prober.verdict(device);
  return verdicts;
}
