import type { ServoGoalSource, ServoSetup } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { decodeImages } from '../../media/frame-image.js';
import { shownSize } from '../../media/frame-plan.js';
import { openFrameStream } from '../../media/frame-stream.js';
import type { GreyFrame } from '../../media/grey-frame.js';
import { encodeImage } from '../../media/image-codec.js';
import type { VideoProbe } from '../../media/probe.js';
import { probeStoredVideo } from '../../media/stored-video.js';
import { LiveCamera } from '../../servoing/live/live-camera.js';
import type { Size } from '../../vision/image/image.js';
import type { EngineSurroundings } from './protocol.js';

/** Image of a goal, and the camera that took it. */
export interface DecodedGoal {
  readonly image: GreyFrame;
  readonly camera: LiveCamera;
}

type VideoGoal = Extract<ServoGoalSource, { kind: 'video' }>;
type Tools = EngineSurroundings['ffmpeg'];

function probeGoal({ path, video }: VideoGoal, tools: Tools): Promise<VideoProbe> {
  const { width, height, frameCount, frameSource = null } = video;
  return probeStoredVideo(path, { width, height, frameCount, frameSource }, { tools });
}

/** Decodes one frame of a stored video as a goal. @throws AppError what is wrong with the video or with the frame's number */
export async function decodeGoalFrame(
  setup: ServoSetup,
  goal: VideoGoal,
  tools: Tools,
): Promise<DecodedGoal> {
  const { path, frame } = goal;
  const probe = await probeGoal(goal, tools);
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

/** The goal's frame in colour, as JPEG. */
export async function drawGoalFrame(
  goal: VideoGoal,
  workingSize: Size,
  tools: Tools,
): Promise<Uint8Array | undefined> {
  const probe = await probeGoal(goal, tools);
  const indices = [goal.frame];
  for await (const image of decodeImages({ path: goal.path, probe, indices, workingSize, tools }))
    return encodeImage(image, { format: 'jpeg' });
  return undefined;
}
