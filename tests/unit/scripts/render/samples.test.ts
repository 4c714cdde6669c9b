import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SAMPLE_CLIPS } from '../../../../scripts/render/clip-spec.js';
import {
  formatTruth,
  shareInView,
  visiblePoints,
  clipTruth,
  type ClipTruth,
} from '../../../../scripts/render/clip-truth.js';
import { sceneFor } from '../../../../scripts/render/render-clip.js';
import { Rasteriser } from '../../../../scripts/render/rasteriser.js';
import { integrateVelocity } from '../../../../src/vision/geometry/pose.js';
import { IDENTITY, multiply, transpose } from '../../../../src/vision/geometry/rotation.js';
import { poseError, referenceVelocity } from '../../../../src/vision/servoing/reference-law.js';
import { length, subtract } from '../../../../src/vision/geometry/vector.js';

const SAMPLES = resolve(import.meta.dirname, '../../../../../samples');
const readTruth = (name: string): ClipTruth =>
  JSON.parse(readFileSync(`${SAMPLES}/${name}.json`, 'utf8')) as ClipTruth;
const goalErrors = ({ poses, goalFrame }: ClipTruth) =>
  poses.map((pose) => poseError(poses[goalFrame], pose));

describe.each(SAMPLE_CLIPS.map((clip) => [clip.name, clip] as const))('sample %s', (name, clip) => {
  const truth = readTruth(name);

  it('is a small clip with one pose, velocity and teacher a frame', () => {
    expect(statSync(`${SAMPLES}/${name}.mp4`).size).toBeLessThan(3e6);
    expect(truth.frames).toBeGreaterThanOrEqual(90);
    for (const list of [truth.poses, truth.velocities, truth.teacher])
      expect(list).toHaveLength(truth.frames);
    expect(truth).toMatchObject({
      schemaVersion: 1,
      width: 640,
      height: 480,
      fps: clip.fps,
      seed: clip.seed,
    });
  });

  it('has poses that are rotations and velocities that lead from one to the next', () => {
    truth.poses.forEach((pose, frame) => {
      multiply(pose.rotation, transpose(pose.rotation)).forEach((value, i) =>
        expect(value).toBeCloseTo(IDENTITY[i], 7),
      );
      const next = truth.poses[frame + 1];
      if (next === undefined) return;
      // Mean of the velocities at both ends over one frame: second order in time.
      const [a, b] = [truth.velocities[frame], truth.velocities[frame + 1]];
      const mean = integrateVelocity(
        pose,
        [0, 1, 2, 3, 4, 5].map((i) => (a[i] + b[i]) / 2) as [number, number, number, number, number, number],
        1 / truth.fps,
      );
      expect(poseError(next, mean).metres).toBeLessThan(2e-3);
      expect(poseError(next, mean).degrees).toBeLessThan(0.3);
    });
  });

  it('has the teacher of its true poses, which stands still at the goal', () => {
    const goal = truth.poses[truth.goalFrame];
    expect(length(truth.teacher[truth.goalFrame])).toBeLessThan(1e-7);
    expect(length(subtract(truth.sceneCentre, goal.translation))).toBeCloseTo(truth.goalDistance, 7);
    truth.teacher.forEach((velocity, frame) => {
      referenceVelocity(goal, truth.poses[frame], truth.sceneCentre).forEach((value, i) =>
        expect(velocity[i]).toBeCloseTo(value, 6),
      );
    });
  });

  it('has a start and an end as its name says', () => {
    const errors = goalErrors(truth);
    const far = errors[truth.goalFrame === 0 ? truth.frames - 1 : 0];
    expect(truth.goalFrame).toBe(name === 'moving-away' ? 0 : truth.frames - 1);
    expect(truth.goalDistance).toBeGreaterThan(0.6);
    expect(truth.goalDistance).toBeLessThan(0.8);
    if (name === 'hard-start') expect(far.degrees).toBeGreaterThan(59);
    if (name === 'approach') {
      expect(far.metres).toBeGreaterThan(0.25);
      expect(far.metres).toBeLessThan(0.35);
      expect(far.degrees).toBeGreaterThan(20);
      expect(far.degrees).toBeLessThan(35);
    }
  });

  it('is what the script would write again', () => {
    const small = { ...clip, width: 160, height: 120, intrinsics: { fx: 134.4, fy: 134.4, cx: 80, cy: 60 } };
    const goal = clip.path(clip.goalFrame / clip.fps);
    const rasteriser = new Rasteriser({ ...small, supersampling: 1 });
    rasteriser.render(sceneFor(small), goal);
    const points = visiblePoints(rasteriser, goal);
    const again = JSON.parse(formatTruth(clipTruth(clip, points))) as ClipTruth;
    again.poses.forEach((pose, frame) =>
      expect(poseError(truth.poses[frame], pose).metres).toBeLessThan(1e-8),
    );
    // The centre comes from an image, here a smaller one.
    expect(length(subtract(again.sceneCentre, truth.sceneCentre))).toBeLessThan(0.01);
    const inView = truth.poses.map((pose) => shareInView(points, pose, truth));
    const lost = inView.filter((share) => share === 0).length;
    if (name === 'lost-goal') expect(lost).toBeGreaterThanOrEqual(15);
    else expect(Math.min(...inView)).toBeGreaterThan(0.5);
  });
});
