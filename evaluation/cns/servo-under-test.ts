import path from 'node:path';
import { selectGoalFeatures } from '../../src/vision/features/goal-selection.js';
import type { Features } from '../../src/vision/features/types.js';
import { openCnsNetwork, type CnsNetwork } from '../../src/networks/cns/cns-network.js';
import { IbvsPolicy } from '../../src/vision/servoing/ibvs-policy.js';
import { PbvsPolicy } from '../../src/vision/servoing/pbvs-policy.js';
import type { Image } from '../../src/vision/image/image.js';
import type { MemoryMode, ServoPolicy } from '../../src/vision/servoing/servo-policy.js';
import { stopThreshold } from '../../src/vision/servoing/stop-rule.js';
import { networkRegistryOf } from '../../src/networks/runtime/network-registries.js';
import type { FeaturePipeline } from '../../src/servoing/features/feature-pipeline.js';
import type { TrackedFeatures } from '../../src/servoing/features/track-features.js';
import { Servo } from '../../src/servoing/servo.js';
import { INTRINSICS, IMAGE } from './virtual-camera.js';

/** Policies that the tables compare. */
export const POLICIES = ['cns', 'ibvs', 'pbvs'] as const;
/** See {@link POLICIES}. */
export type PolicyName = (typeof POLICIES)[number];

/** Options for starting a servo run. */
export interface ServoRequest {
  readonly policy: PolicyName;
  readonly detector: string;
  readonly goal: Features;
  readonly goalDistance: number;
  readonly gain: number;
  readonly secondsPerFrame: number;
  readonly memory?: MemoryMode;
}

/** Runs the product's servo code, as in a job, on features of rendered images. */
export class ServoBench {
  readonly #network: CnsNetwork;

  private constructor(network: CnsNetwork) {
    this.#network = network;
  }

  /** Loads the shipped network on the CPU. */
  static async open(root: string): Promise<ServoBench> {
    const registry = networkRegistryOf(path.join(root, 'models'));
    return new ServoBench(await openCnsNetwork(registry, { device: 'cpu', strict: true }));
  }

  /** Default memory mode of the bundled network. */
  get defaultMemory(): MemoryMode {
    return this.#network.manifest.defaultMemory;
  }

  /** The points of a goal that a servo uses: what its frames are searched for. */
  goalOf(features: Features): Features {
    return selectGoalFeatures(features, IMAGE, this.#network.manifest.maxPoints);
  }

  start(request: ServoRequest): Promise<Servo> {
    const { manifest } = this.#network;
    const camera = {
      intrinsics: INTRINSICS,
      source: 'parameters',
      workingSize: IMAGE,
      workingIntrinsics: INTRINSICS,
    } as const;
    return Servo.start(request.goal, {
      policy: this.#policy(request),
      detector: request.detector,
      goalCamera: camera,
      currentCamera: camera,
      maxPoints: manifest.maxPoints,
      stopThreshold: stopThreshold(request.detector, manifest.stopRule.thresholds),
      secondsPerFrame: request.secondsPerFrame,
      gain: request.gain,
      goalDistance: request.goalDistance,
    });
  }

  #policy({ policy, gain, goalDistance, memory }: ServoRequest): ServoPolicy {
    if (policy === 'ibvs') return new IbvsPolicy({ gain, goalDistance });
    if (policy === 'pbvs') return new PbvsPolicy({ gain, goalDistance });
    return this.#network.policy({ gain, goalDistance, memory: memory ?? this.defaultMemory });
  }

  close(): void {
    this.#network.lease.release();
  }
}

/** Finds the goal that was set in a copy of an image, because a pipeline takes the pixels away. */
export const trackImage = (pipeline: FeaturePipeline, image: Image): Promise<TrackedFeatures> =>
  pipeline.track({ ...image, data: Uint8Array.from(image.data) });
