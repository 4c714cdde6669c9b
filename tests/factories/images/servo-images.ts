import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { viewpointPose } from '../../../scripts/render/camera-path.js';
import { SceneCamera } from '../../../scripts/render/scene-camera.js';
import { defaultIntrinsics } from '../../../src/vision/geometry/camera.js';
import type { Pose } from '../../../src/vision/geometry/pose.js';
import type { Vec3 } from '../../../src/vision/geometry/vector.js';
import { referenceVelocity } from '../../../src/vision/servoing/reference-law.js';

const SIZE = { width: 640, height: 480 } as const;
const TARGET: Vec3 = [0, 0, 0.03];
const GOAL = viewpointPose({ target: TARGET, distance: 0.7, azimuth: 205, elevation: 80, turns: [4, 0, 0] });
const FRAMES = [
  viewpointPose({ target: TARGET, distance: 0.9, azimuth: 215, elevation: 68, turns: [20, 3, -3] }),
  viewpointPose({ target: TARGET, distance: 0.8, azimuth: 210, elevation: 74, turns: [12, 2, -1] }),
];

/** What is known about the images of {@link writeServoImages}. */
export interface ServoImages {
  readonly goal: string;
  readonly frames: readonly string[];
  readonly goalDistance: number;
  /** The reference law's velocity for each frame, at gain 1. */
  readonly velocities: readonly (readonly number[])[];
}

/** Writes `goal.jpg`, `frame-0.jpg` and `frame-1.jpg` of one rendered scene, and `velocity.json` for the first frame. */
export async function writeServoImages(folder: string): Promise<ServoImages> {
  const scene = { seed: 11, texelsPerMetre: 1400 };
  const intrinsics = defaultIntrinsics(SIZE.width, SIZE.height);
  const camera = new SceneCamera(scene, { ...SIZE, intrinsics, supersampling: 1 });
  const write = async (name: string, pose: Pose): Promise<string> => {
    const file = path.join(folder, name);
    await sharp(camera.photograph(pose), { raw: { ...SIZE, channels: 3 } })
      .jpeg({ quality: 92 })
      .toFile(file);
    return file;
  };
  const goal = await write('goal.jpg', GOAL);
  const frames: string[] = [];
  for (const [index, pose] of FRAMES.entries()) frames.push(await write(`frame-${index}.jpg`, pose));
  const { sceneCentre, goalDistance } = camera.truthAt(GOAL);
  const velocities = FRAMES.map((pose) => referenceVelocity(GOAL, pose, sceneCentre));
  await writeFile(path.join(folder, 'velocity.json'), JSON.stringify(velocities[0]));
  return { goal, frames, goalDistance, velocities };
}
