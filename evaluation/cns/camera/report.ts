import { parseCameraInfo } from '../../../src/protocols/camera-info/camera-info.js';
import {
  compose,
  IDENTITY_POSE,
  integrateVelocity,
  invert,
  type Pose,
} from '../../../src/vision/geometry/pose.js';
import { fromRotationVector, toRotationVector } from '../../../src/vision/geometry/rotation.js';
import { compareVelocity, type Velocity } from '../../../src/vision/geometry/velocity.js';
import { markdownTable, medianOf } from '../../../benchmarks/statistics.js';
import { CAMERA_INFO, GOAL_DISTANCE, lensSequence, lensSteps, type LensServo } from './lens-sequence.js';

/** Images on the way to the goal; nearer, noise dominates the direction of the velocity. */
const WAYS = [1, 0.85, 0.7, 0.55, 0.4, 0.25];
/** A camera on a bracket: turned about all axes, centimetres from the flange. */
const BRACKET: Pose = { rotation: fromRotationVector([0.3, -0.9, 1.4]), translation: [0.08, -0.03, 0.11] };

const matrixOf = ({ rotation: r, translation: t }: Pose): number[] => [
  ...[r[0], r[1], r[2], t[0]],
  ...[r[3], r[4], r[5], t[1]],
  ...[r[6], r[7], r[8], t[2]],
  ...[0, 0, 0, 1],
];

/** Seconds of movement to either side from which a velocity is derived. */
const MOMENT = 1e-5;

/**
 * Velocity of a tool by moving: the camera moves for a moment to either side, the tool goes with it, and what it has moved
 * in its own frame is divided by the time.
 * @param handEye pose of the camera in the tool's frame
 */
function carriedTool(handEye: Pose, camera: Velocity): Velocity {
  const moved = (seconds: number): Pose =>
    compose(handEye, compose(integrateVelocity(IDENTITY_POSE, camera, seconds), invert(handEye)));
  const [after, before] = [moved(MOMENT), moved(-MOMENT)];
  const rate = (a: number, b: number): number => (a - b) / (2 * MOMENT);
  const [turned, back] = [toRotationVector(after.rotation), toRotationVector(before.rotation)];
  return [
    rate(after.translation[0], before.translation[0]),
    rate(after.translation[1], before.translation[1]),
    rate(after.translation[2], before.translation[2]),
    rate(turned[0], back[0]),
    rate(turned[1], back[1]),
    rate(turned[2], back[2]),
  ];
}

const largest = (values: readonly number[]): number => Math.max(...values);

/**
 * A sequence through a lens, with and without its `camera_info`, against the same one without a lens; and the velocities
 * of the tool against those of a tool that is carried along. Markdown.
 */
export async function cameraReport(
  modelsDirectory: string,
  { detectors, policies }: { detectors: readonly string[]; policies: readonly LensServo['policy'][] },
): Promise<string> {
  const images = lensSequence(WAYS);
  const [plain, bent] = [images.map((one) => one.plain), images.map((one) => one.bent)];
  const info = parseCameraInfo(CAMERA_INFO);
  const pinhole = { ...info, distortion: null };
  const rows: (string | number | null)[][] = [];
  const toolErrors: number[] = [];
  for (const detector of detectors)
    for (const policy of policies) {
      const request = { detector, policy, modelsDirectory, handEye: matrixOf(BRACKET) };
      const truth = await lensSteps(plain, { ...request, camera: pinhole });
      const withInfo = await lensSteps(bent, { ...request, camera: info });
      const without = await lensSteps(bent, { ...request, camera: pinhole });
      const anglesOf = (steps: typeof truth): number[] =>
        steps.flatMap(({ velocity }, i) => {
          const reference = truth[i].velocity;
          const angle =
            velocity && reference && compareVelocity(velocity, reference, GOAL_DISTANCE).angle6Deg;
          return angle === null ? [] : [angle];
        });
      const [known, unknown] = [anglesOf(withInfo), anglesOf(without)];
      rows.push([
        detector,
        policy,
        known.length,
        medianOf(known),
        largest(known),
        medianOf(unknown),
        largest(unknown),
      ]);
      for (const { velocity, velocityTool } of withInfo) {
        if (velocity === null || velocityTool === null) continue;
        const carried = carriedTool(BRACKET, velocity);
        toolErrors.push(...velocityTool.map((value, i) => Math.abs(value - carried[i])));
      }
    }
  const head = [
    'detector',
    'policy',
    'frames',
    'with: median °',
    'with: most °',
    'without: median °',
    'without: most °',
  ];
  return [
    `Through a plumb_bob lens, with and without camera_info, compared with the images without a lens:\n\n${markdownTable(head, rows)}`,
    `Velocity of the tool (handEye), compared with a tool that is carried along: at most ${largest(toolErrors).toExponential(1)} m/s or rad/s apart (${String(toolErrors.length / 6)} frames).`,
  ].join('\n\n');
}
