import type { ServoResult } from '../../domain/servo.js';
import { decodeGreyFrame, decodeGreyImage } from '../../media/grey-frame.js';
import type { FrameMatches } from '../../servoing/frame-record.js';
import type { FeatureTracker } from '../../servoing/features/feature-tracker.js';
import { LiveCamera } from '../../servoing/live/live-camera.js';
import { LiveServo } from '../../servoing/live/live-servo.js';
import type { OpenPolicy } from '../../servoing/open-policy.js';
import { roundMs } from '../../telemetry/stopwatch.js';
import type { Size } from '../../vision/image/image.js';
import type { DecodedGoal } from './goal-frame.js';
import type { EngineSurroundings, KnownGoal, OpenedSession, ToServoEngine } from './protocol.js';

type OpenRequest = Extract<ToServoEngine, { type: 'open' }>;
/** A frame with its bytes. */
export type EngineFrame = Extract<ToServoEngine, { type: 'frame' }>['frame'] & { readonly bytes: Uint8Array };

/** What a session runs on; it gives back none of it. */
export interface SessionParts {
  readonly tracker: FeatureTracker;
  readonly opened: OpenPolicy;
}

interface FoundGoal extends Omit<KnownGoal, 'kind' | 'labels'>, Partial<Pick<KnownGoal, 'labels'>> {
  /** Displayed size of the goal image. */
  readonly size: Size;
  readonly camera: LiveCamera;
}

/** One session inside its engine: its goal, and one frame after the other. */
export class EngineSession {
  readonly opened: OpenedSession;
  readonly #parts: SessionParts;
  readonly #camera: LiveCamera;
  readonly #servo: LiveServo;
  readonly #image: EngineSurroundings['image'];

  private constructor(
    parts: SessionParts,
    {
      camera,
      servo,
      opened,
      image,
    }: Pick<EngineSession, 'opened'> & {
      readonly camera: LiveCamera;
      readonly servo: LiveServo;
      readonly image: EngineSurroundings['image'];
    },
  ) {
    this.opened = opened;
    this.#parts = parts;
    this.#camera = camera;
    this.#servo = servo;
    this.#image = image;
  }

  /** Decodes the goal and finds its points. @throws AppError what is wrong with the goal or does not fit it */
  static async open(request: OpenRequest, bytes: Uint8Array, parts: SessionParts): Promise<EngineSession> {
    const { setup, surroundings } = request;
    const { features, labels, size, camera } = await findGoal(request, bytes, parts.tracker);
    const view = camera.view(size);
    const servo = await LiveServo.start(features, { setup, opened: parts.opened, view, labels });
    await parts.tracker.setGoal(servo.goal);
    const { device, network } = parts.opened;
    const { width, height } = size;
    const goal = { width, height, keypoints: servo.goal.count, clusters: servo.clusters, device, network };
    const goalImage = request.goalImage ? await drawGoal(request, view.workingSize) : undefined;
    const known = { kind: 'known', size: { width, height }, features, labels: servo.labels } as const;
    const opened = { goal, known, ...(goalImage && { goalImage }) };
    return new EngineSession(parts, { camera, servo, opened, image: surroundings.image });
  }

  /** @throws AppError what is wrong with the frame; the session goes on */
  async step(frame: EngineFrame): Promise<ServoResult> {
    const start = performance.now();
    const sizeOf = (size: { width: number; height: number }) => this.#camera.view(size).workingSize;
    const { image, source } = await decodeGreyFrame(frame, { sizeOf, limits: this.#image });
    const decodeMs = performance.now() - start;
    const view = this.#camera.view(source);
    const tracked = await this.#parts.tracker.track(image, view.lens);
    const { captureTimeMicros, sequence } = frame;
    const { timingsMs, matchedPoints, ...step } = await this.#servo.step({
      tracked,
      view,
      captureTimeMicros,
    });
    return {
      sequence,
      ...step,
      timingsMs: { decode: roundMs(decodeMs), ...timingsMs },
      ...(frame.matches && { matchedPoints: { ...view.workingSize, ...positionsOf(matchedPoints()) } }),
    };
  }
}

const positionsOf = ({ goal, current }: FrameMatches) => ({ goal, current });

/** The goal's frame of a video in colour, as JPEG; an image is at hand already. */
async function drawGoal({ goal, surroundings }: OpenRequest, size: Size): Promise<Uint8Array | undefined> {
  if (goal.kind !== 'video') return undefined;
  const { drawGoalFrame } = await import('./goal-frame.js');
  return drawGoalFrame(goal, size, surroundings.ffmpeg);
}

/** The goal's features, as remembered or as found in its image. */
async function findGoal(
  request: OpenRequest,
  bytes: Uint8Array,
  tracker: FeatureTracker,
): Promise<FoundGoal> {
  const { goal, setup } = request;
  if (goal.kind === 'known') return { ...goal, camera: new LiveCamera(setup, goal.size) };
  const { image, camera } = await decodeGoal(request, bytes);
  return { features: await tracker.detect(image.image), size: image.source, camera };
}

async function decodeGoal(
  { setup, goal, surroundings }: OpenRequest,
  bytes: Uint8Array,
): Promise<DecodedGoal> {
  if (goal.kind === 'video') {
    // The modules of videos are loaded only if needed: they take a while.
    const { decodeGoalFrame } = await import('./goal-frame.js');
    return decodeGoalFrame(setup, goal, surroundings.ffmpeg);
  }
  let camera: LiveCamera | undefined;
  const sizeOf = (size: { width: number; height: number }) => {
    camera ??= new LiveCamera(setup, size);
    return camera.view(size).workingSize;
  };
  const image = await decodeGreyImage(bytes, { sizeOf, limits: surroundings.image });
  return { image, camera: camera ?? new LiveCamera(setup, image.source) };
}
