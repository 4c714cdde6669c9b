import { engineSetup } from '../../tests/support/servo-engines.js';
import type { ServoResult } from '../../src/domain/servo.js';
import { EngineSession } from '../../src/engines/servo-engine/session.js';
import { locateFfmpeg } from '../../src/media/ffmpeg-locate.js';
import { planFeaturePipeline } from '../../src/servoing/features/detectors/registry.js';
import { FeatureTracker } from '../../src/servoing/features/feature-tracker.js';
import { openPolicy } from '../../src/servoing/open-policy.js';
import type { ClipFrames } from './clip-frames.js';

const MEBIBYTE = 2 ** 20;

/** The pipeline of a session called in this process. */
export interface LocalSession {
  step(jpeg: Uint8Array, sequence: number): Promise<ServoResult>;
  close(): Promise<void>;
}

/** Opens the pipeline with the goal of a clip, as an engine does. */
export async function openLocalSession(
  { facts, goal }: ClipFrames,
  { detector, modelsDirectory }: { readonly detector: string; readonly modelsDirectory: string },
): Promise<LocalSession> {
  const { width, height, intrinsics, goalDistance } = facts;
  const setup = engineSetup({
    detector,
    camera: { intrinsics, size: { width, height }, distortion: null },
    goalDistance,
  });
  const { name, ...plan } = await planFeaturePipeline(detector, { modelsDirectory });
  const tracker = new FeatureTracker(plan);
  const scale = { gain: 1, goalDistance: 1, memory: 'sequence' } as const;
  const opened = await openPolicy({ ...setup, ...scale, detector: name, modelsDirectory });
  const image = { maxBytes: 64 * MEBIBYTE, maxPixels: 10_000_000, maxSide: 10_000, timeoutSeconds: 60 };
  const surroundings = { modelsDirectory, image, ffmpeg: await locateFfmpeg() };
  const session = await EngineSession.open(
    { type: 'open', id: 1, setup, goal: { kind: 'image' }, surroundings },
    goal,
    { tracker, opened },
  );
  return {
    step: (bytes, sequence) =>
      session.step({
        format: 'jpeg',
        sequence,
        captureTimeMicros: BigInt(sequence) * 40_000n,
        size: null,
        bytes,
      }),
    close: async () => {
      opened.release();
      await tracker.close();
    },
  };
}
