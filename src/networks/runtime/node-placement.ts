import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DeviceUsed } from '../../domain/job.js';

/** Number of executed nodes per device, from the runtime's own profile. */
export type NodePlacement = Readonly<Record<DeviceUsed, number>>;

const DEVICE_OF_PROVIDER: Readonly<Record<string, DeviceUsed>> = {
  CPUExecutionProvider: 'cpu',
  CUDAExecutionProvider: 'cuda',
  WebGpuExecutionProvider: 'webgpu',
};

/** Counts the executed nodes in the events of an ONNX Runtime profile, by execution provider. */
export function countPlacement(events: unknown): NodePlacement {
  const counts: Record<DeviceUsed, number> = { cpu: 0, cuda: 0, webgpu: 0 };
  if (!Array.isArray(events)) return counts;
  for (const event of events as readonly unknown[]) {
    const provider = providerOf(event);
    const device = provider === null ? undefined : DEVICE_OF_PROVIDER[provider];
    if (device !== undefined) counts[device] += 1;
  }
  return counts;
}

function providerOf(event: unknown): string | null {
  if (typeof event !== 'object' || event === null || !('cat' in event) || event.cat !== 'Node') return null;
  if (!('args' in event) || typeof event.args !== 'object' || event.args === null) return null;
  return 'provider' in event.args && typeof event.args.provider === 'string' ? event.args.provider : null;
}

/**
 * Placement from all profiles that sessions wrote into `folder`. The runtime chooses their names (prefix and
 * date).
 */
export async function readPlacement(folder: string): Promise<NodePlacement> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const placements = await Promise.all(
    files.map(async (name) => countPlacement(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  );
  return sumPlacements(placements);
}

/** Sum by device. */
export const sumPlacements = (all: readonly NodePlacement[]): NodePlacement =>
  all.reduce((a, b) => ({ cpu: a.cpu + b.cpu, cuda: a.cuda + b.cuda, webgpu: a.webgpu + b.webgpu }), {
    cpu: 0,
    cuda: 0,
    webgpu: 0,
  });

/** Whether `device` did at least half of the work, and one sentence for reports. */
export function judgePlacement(
  device: DeviceUsed,
  placement: NodePlacement,
): { ok: boolean; reason: string } {
  const total = placement.cpu + placement.cuda + placement.webgpu;
  const share = `${String(placement[device])} of ${String(total)} node runs of the warm-up`;
  // Shape arithmetic may stay on the CPU; less than half on the device means that the provider fell back
  // silently.
  const ok = total > 0 && placement[device] * 2 >= total;
  return {
    ok,
    reason: ok ? `${share} ran on it` : `only ${share} ran on it, the rest fell back to another device`,
  };
}
