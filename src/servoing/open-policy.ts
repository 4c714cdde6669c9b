import type { DeviceReport, DeviceRequest, NetworkIdentity } from '../domain/job.js';
import { openCnsNetwork } from '../networks/cns/cns-network.js';
import { networkRegistryOf } from '../networks/runtime/network-registries.js';
import type { NetworkRegistry } from '../networks/runtime/network-registry.js';
import { IbvsPolicy } from '../vision/servoing/ibvs-policy.js';
import { PbvsPolicy } from '../vision/servoing/pbvs-policy.js';
import type { MemoryMode, ServoPolicy } from '../vision/servoing/servo-policy.js';
import { stopThreshold } from '../vision/servoing/stop-rule.js';

/** Maximum number of goal points; equals the value in the manifest of the bundled network. */
const MAX_GOAL_POINTS = 512;

/** Policy, device and scale of the velocities. */
export interface PolicyRequest {
  readonly policy: ServoPolicy['name'];
  readonly detector: string;
  readonly gain: number;
  readonly goalDistance: number;
  /** The network's default unless given. */
  readonly memory?: MemoryMode;
  readonly device: DeviceRequest;
  readonly strict: boolean;
  readonly modelsDirectory: string;
  /** The networks of that folder; those of this process unless given. */
  readonly networks?: NetworkRegistry;
}

/** Policy, and the fields about it in results. */
export interface OpenPolicy {
  readonly policy: ServoPolicy;
  /** Name of the detector whose features it gets. */
  readonly detector: string;
  readonly device: DeviceReport;
  readonly network: NetworkIdentity | null;
  readonly memory: MemoryMode | null;
  readonly stopThreshold: number;
  readonly maxPoints: number;
  /** Safe to call twice. */
  release(): void;
}

/** Opens a policy; that of the network must be released. @throws AppError as `openCnsNetwork` */
export async function openPolicy(request: PolicyRequest): Promise<OpenPolicy> {
  const { device, strict, detector, goalDistance, gain } = request;
  const scale = { gain, goalDistance };
  if (request.policy !== 'cns') {
    const reason = `${request.policy.toUpperCase()} is computed without a network, on the CPU.`;
    return {
      policy: request.policy === 'ibvs' ? new IbvsPolicy(scale) : new PbvsPolicy(scale),
      detector,
      device: { requested: device, used: 'cpu', reason, attempts: [] },
      network: null,
      memory: null,
      stopThreshold: stopThreshold(detector),
      maxPoints: MAX_GOAL_POINTS,
      release: () => undefined,
    };
  }
  const registry = request.networks ?? networkRegistryOf(request.modelsDirectory);
  const { lease, manifest, policy } = await openCnsNetwork(registry, { device, strict });
  const memory = request.memory ?? manifest.defaultMemory;
  return {
    policy: policy({ ...scale, memory }),
    detector,
    device: lease.device,
    network: lease.identity,
    memory,
    stopThreshold: stopThreshold(detector, manifest.stopRule.thresholds),
    maxPoints: manifest.maxPoints,
    release: () => lease.release(),
  };
}
