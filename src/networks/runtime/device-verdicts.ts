import type { DeviceRequest, DeviceUsed } from '../../domain/job.js';
import { deviceCandidates } from './device.js';
import type { DeviceProber, DeviceVerdict } from './device-probe/device-prober.js';

/**
 * Probes every device that the preference allows; the others are reported as not requested, without a probe.
 */
export async function deviceVerdicts(
  prober: Pick<DeviceProber, 'verdict'>,
  { requested, strict }: { readonly requested: DeviceRequest; readonly strict: boolean },
): Promise<Readonly<Record<DeviceUsed, DeviceVerdict>>> {
  const verdicts: Record<DeviceUsed, DeviceVerdict> = {
    cpu: { ok: true, reason: 'the CPU is always available' },
    cuda: { ok: false, reason: 'it was not requested' },
    webgpu: { ok: false, reason: 'it was not requested' },
  };
  for (const device of deviceCandidates({ device: requested, strict }))
    verdicts[device] = await prober.verdict(device);
  return verdicts;
}
