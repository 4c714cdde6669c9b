import { z } from 'zod';
import { readSetup } from '../../../src/controllers/servo-input.js';
import { toServoEngine } from '../../../src/engines/servo-engine/protocol.js';
import { AppError } from '../../../src/errors/app-error.js';
import { checkServoSetup, servoSetupFields } from '../../../src/schemas/servo-setup.schema.js';

const schema = z.strictObject(servoSetupFields).superRefine(checkServoSetup);
const SURROUNDINGS = {
  modelsDirectory: 'models',
  ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', version: '5.1' },
  image: { maxBytes: 1, maxPixels: 1, maxSide: 1, timeoutSeconds: 1 },
};
const LIMITS = { idleTimeout: 60, watchdogMs: 500, maxFrames: 1, record: false };

/** Whether the engine takes the setup of a request, or the API refuses it. */
function outcomeOf(fields: object): 'refused' | 'taken' | z.ZodError {
  const body = schema.safeParse(fields);
  if (!body.success) return 'refused';
  try {
    const setup = readSetup({ ...body.data, ...LIMITS });
    return toServoEngine.safeParse({ type: 'prepare', setup, surroundings: SURROUNDINGS }).error ?? 'taken';
  } catch (error) {
    if (error instanceof AppError) return 'refused';
    throw error;
  }
}

const poseAt = (...translation: number[]): object => ({
  handEye: { quaternion: [0, 0, 0, 1], translation },
});
const cameraOf = (fx: number, cx: number): object => ({
  width: 0,
  height: 0,
  k: [fx, 0, cx, 0, fx, cx, 0, 0, 1],
  distortion_model: 'plumb_bob',
  d: [1e5, -1e5, 1e5, -1e5, 1e5],
});

describe('the parameters of a session', () => {
  it.each([
    ['a pose far away', poseAt(100, -100, 100), 'taken'],
    ['a pose in millimetres', poseAt(120, 0, 65), 'refused'],
    ['a pose beyond all numbers', poseAt(0, 0, -1e308), 'refused'],
    [
      'a quaternion of two digits',
      { handEye: { quaternion: [0, 0, 0.71, 0.71], translation: [0, 0, 0] } },
      'taken',
    ],
    ['the largest gain', { gain: { zero: 100, infinity: 5e-324, slope: 1e6 } }, 'taken'],
    ['the smallest gain', { gain: 5e-324 }, 'taken'],
    ['the largest limits', { limits: { linear: 100, angular: 5e-324 } }, 'taken'],
    ['the widest view', { fieldOfView: 175, goalDistance: 1000 }, 'taken'],
    ['the deepest scene', { depthHint: 1000, workingSize: 1920 }, 'taken'],
    ['the longest name of a detector', { detector: 'a'.repeat(32), workingSize: 160 }, 'taken'],
    ['the longest lens', { intrinsics: { fx: 1e5, fy: 5e-324, cx: -1e5, cy: 1e5 } }, 'taken'],
    ['the largest calibration', { cameraInfo: cameraOf(1e6, -1e6) }, 'taken'],
    [
      'the same in a far corner of the sensor',
      {
        cameraInfo: {
          ...cameraOf(1e6, -1e6),
          roi: { x_offset: 1e5, y_offset: 1e5, width: 1e5, height: 1e5 },
          binning_x: 1,
        },
      },
      'taken',
    ],
    [
      'a focal length that binning makes nothing',
      { cameraInfo: { ...cameraOf(5e-324, 0), binning_x: 64 } },
      'refused',
    ],
    [
      'the smallest calibration',
      { cameraInfo: { ...cameraOf(1e-6, 0), binning_x: 64, binning_y: 64 } },
      'taken',
    ],
  ])(
    'are taken by the engine or refused by the API, never passed on to be refused there: %s',
    (_, fields, expected) => {
      expect(outcomeOf(fields)).toBe(expected);
    },
  );
});
