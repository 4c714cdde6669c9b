import type { ServoResult, ServoSetup } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { decodeImages } from '../../media/frame-image.js';
import { openFrameStream } from '../../media/frame-stream.js';
import { decodeGreyFrame, decodeGreyImage, type GreyFrame } from '../../media/grey-frame.js';
import { encodeImage } from '../../media/image-codec.js';
import type { VideoProbe } from '../../media/probe.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import { shownSize } from '../../media/frame-plan.js';
import type { FrameMatches } from '../../servoing/frame-record.js';
import type { FeaturePipeline } from '../../servoing/features/feature-pipeline.js';
import { LiveCamera } from '../../servoing/live/live-camera.js';
import { LiveServo } from '../../servoing/live/live-servo.js';
import type { OpenPolicy } from '../../servoing/open-policy.js';
import { roundMs } from '../../telemetry/stopwatch.js';
import type { Size } from '../../vision/image/image.js';
import type { EngineSurroundings, GoalReport, ToServoEngine } from './protocol.js';

type OpenRequest = Extract<ToServoEngine, { type: 'open' }>;
/** A frame with its bytes. */
export type EngineFrame = Extract<ToServoEngine, { type: 'frame' }>['frame'] & { readonly bytes: Uint8Array };

/** What a session runs on; it gives back none of it. */
export interface SessionParts {
  readonly features: FeaturePipeline;
  readonly opened: OpenPolicy;
}

/** What is said of a goal that was set up. */
interface OpenedGoal {
  readonly goal: GoalReport;
  readonly goalImage?: Uint8Array;
}

interface Goal {
  readonly image: GreyFrame;
  readonly camera: LiveCamera;
}

/** One session inside its engine: its goal, and one frame after the other. */
export class EngineSession {
  readonly opened: OpenedGoal;
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
    const { image, camera } = await decodeGoal(request, bytes);
    const found = await parts.features.detect(image.image);
    const view = camera.view(image.source);
    const servo = await LiveServo.start(found, { setup, opened: parts.opened, view });
    await parts.features.setGoal(servo.goal);
    const { device, network } = parts.opened;
    const goal = {
      ...image.source,
      keypoints: servo.goal.count,
      clusters: servo.clusters,
      device,
      network,
    };
    const goalImage = request.goalImage ? await drawGoal(request, view.workingSize) : undefined;
    const opened = { goal, ...(goalImage && { goalImage }) };
    return new EngineSession(parts, { camera, servo, opened, image: surroundings.image });
  }

  /** @throws AppError what is wrong with the frame; the session goes on */
  async step(frame: EngineFrame): Promise<ServoResult> {
    const start = performance.now();
    const sizeOf = (size: { width: number; height: number }) => this.#camera.view(size).workingSize;
    const { image, source } = await decodeGreyFrame(frame, { sizeOf, limits: this.#image });
    const decodeMs = performance.now() - start;
    const view = this.#camera.view(source);
    const tracked = await this.#parts.features.track(image, view.lens);
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
async function drawGoal(
  { goal, surroundings }: OpenRequest,
  workingSize: Size,
): Promise<Uint8Array | undefined> {
  if (goal.kind === 'image') return undefined;
  const { ffmpeg: tools } = surroundings;
  const probe = await probeGoal(goal, surroundings);
  const indices = [goal.frame];
  for await (const image of decodeImages({ path: goal.path, probe, indices, workingSize, tools }))
    return encodeImage(image, { format: 'jpeg' });
  return undefined;
}

type VideoGoal = Extract<OpenRequest['goal'], { kind: 'video' }>;

function probeGoal({ path, video }: VideoGoal, { ffmpeg: tools }: EngineSurroundings): Promise<VideoProbe> {
  const { width, height, frameCount, frameSource = null } = video;
  return probeStoredVideo(path, { width, height, frameCount, frameSource }, { tools });
}

async function decodeGoal({ setup, goal, surroundings }: OpenRequest, bytes: Uint8Array): Promise<Goal> {
  if (goal.kind === 'video') return decodeGoalFrame(setup, goal, surroundings);
  let camera: LiveCamera | undefined;
  const sizeOf = (size: { width: number; height: number }) => {
    camera ??= new LiveCamera(setup, size);
    return camera.view(size).workingSize;
  };
  const image = await decodeGreyImage(bytes, { sizeOf, limits: surroundings.image });
  return { image, camera: camera ?? new LiveCamera(setup, image.source) };
}

async function decodeGoalFrame(
  setup: ServoSetup,
  goal: VideoGoal,
  surroundings: EngineSurroundings,
): Promise<Goal> {
  const { path, frame } = goal;
  const { ffmpeg: tools } = surroundings;
  const probe = await probeGoal(goal, surroundings);
  const shown = shownSize(probe, probe.pixelAspect);
  const source = { width: Math.round(shown.width), height: Math.round(shown.height) };
  const camera = new LiveCamera(setup, source);
  const { workingSize } = camera.view(source);
  const frames = openFrameStream({
    path,
    probe,
    plan: { start: frame, end: frame + 1, step: 1 },
    workingSize,
    format: 'gray',
    tools,
  });
  for await (const { data } of frames) return { image: { image: { ...workingSize, data }, source }, camera };
  throw new AppError('FRAMES_MISSING', { message: `Goal frame ${String(frame)} is missing.` });
}
