import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import type { DevicePreference } from '../runtime/device.js';
import { networkManifestSchema, type NetworkManifest } from '../store/manifest.js';
import type { NetworkSessions } from '../runtime/network-loader.js';
import type { NetworkLease, NetworkRegistry } from '../runtime/network-registry.js';
import type { TensorSession } from '../runtime/tensor-session.js';
import type { FrameGraph } from './frame-network.js';
import { CnsPolicy, type CnsPolicyOptions } from './cns-policy.js';

/** `models/<id>/manifest.json` of a CNS policy. */
const cnsManifestSchema = networkManifestSchema.extend({
  task: z.literal('cns'),
  hiddenWidth: z.number().int().min(1).max(4096),
  /** Clusters of N goal points: max(min, round(factor sqrt N)), or one per point up to `identityBelow` points. */
  clusters: z.object({
    factor: z.number().positive(),
    min: z.number().int().min(1),
    identityBelow: z.number().int().min(1),
  }),
  maxPoints: z.number().int().min(4),
  /** Mean point error (normalised) by detector, upper-case; `learned` for all others. */
  stopRule: z.object({ thresholds: z.record(z.string(), z.number().positive()) }),
  defaultMemory: z.enum(['sequence', 'frame']),
});

/** See {@link cnsManifestSchema}. */
type CnsManifest = z.infer<typeof cnsManifestSchema>;

/** A CNS policy network in use. */
export interface CnsNetwork {
  readonly lease: NetworkLease;
  readonly manifest: CnsManifest;
  /** A policy with its own memory; several may share the network. The manifest's default memory unless given. */
  policy(options?: CnsPolicyOptions): CnsPolicy;
}

/**
 * Opens the graphs of goals and of frames of a CNS network on the device that the preference allows. The lease must be released.
 * @throws AppError of {@link NetworkRegistry.acquire}; `NETWORK_MANIFEST_INVALID` when it is no CNS network
 */
export async function openCnsNetwork(
  registry: NetworkRegistry,
  preference: DevicePreference,
  id = 'cns',
): Promise<CnsNetwork> {
  const manifest = parseCnsManifest(await registry.folder.manifest(id));
  const width = manifest.hiddenWidth;
  const frameGraph: FrameGraph = Object.hasOwn(manifest.files, 'twist') ? 'twist' : 'step';
  const lease = await registry.acquire({
    id,
    files: ['goal', frameGraph],
    preference,
    warmUp: (sessions) => warmUpCns(sessions, frameGraph, width),
  });
  const sessions = { goal: lease.session('goal'), frame: lease.session(frameGraph), frameGraph };
  return {
    lease,
    manifest,
    policy: (options) =>
      new CnsPolicy(sessions, { memory: manifest.defaultMemory, hiddenWidth: width, ...options }),
  };
}

/** @throws AppError `NETWORK_MANIFEST_INVALID` */
function parseCnsManifest(manifest: NetworkManifest): CnsManifest {
  const parsed = cnsManifestSchema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  throw new AppError('NETWORK_MANIFEST_INVALID', {
    message: `Network ${manifest.id} is no CNS policy: ${issueLines(parsed.error, manifest).join('; ')}`,
    details: { network: manifest.id },
  });
}

/** One servo step on eight points in four clusters: every operator runs once, one cluster is empty. */
async function warmUpCns(
  sessions: NetworkSessions,
  frameGraph: FrameGraph,
  hiddenWidth: number,
): Promise<void> {
  const graph = (name: string): TensorSession => {
    const session = sessions.get(name);
    if (session === undefined) throw new AppError('NETWORK_NOT_FOUND', { message: `No graph ${name}.` });
    return session;
  };
  const points = Float32Array.from({ length: 16 }, (_, i) => 0.3 * Math.sin(1 + i * i));
  const member = Float32Array.from({ length: 32 }, (_, i) => Number((i % 8) >> 1 === i >> 3));
  const visible = Uint8Array.from({ length: 8 }, (_, row) => Number(row < 6));
  const policy = new CnsPolicy(
    { goal: graph('goal'), frame: graph(frameGraph), frameGraph },
    { hiddenWidth },
  );
  await policy.setGoal({ points, member, center: Float32Array.from(points.filter((_, i) => i % 4 < 2)) });
  await policy.step({ current: points.map((value) => value + 0.01), visible });
}
