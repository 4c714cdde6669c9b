import path from 'node:path';
import type { ServoSetup } from '../../src/domain/servo.js';
import type { ServoEnginePoolOptions } from '../../src/engines/servo-engine/servo-engine-pool.js';
import { ffmpegTools } from './ffmpeg-tools.js';

const MEBIBYTE = 2 ** 20;
const LONG_MS = 600_000;

/** Servo engines with the shipped networks and limits that no test meets by accident. */
export const ENGINE_OPTIONS: ServoEnginePoolOptions = {
  size: 2,
  spares: 1,
  simultaneousStarts: 2,
  surroundings: async () => ({
    modelsDirectory: path.resolve('models'),
    ffmpeg: await ffmpegTools(),
    image: { maxBytes: 64 * MEBIBYTE, maxPixels: 10_000_000, maxSide: 10_000, timeoutSeconds: 600 },
  }),
  env: { PATH: process.env.PATH },
  maxRssBytes: 4096 * MEBIBYTE,
  goalTimeoutMs: LONG_MS,
  frameTimeoutMs: LONG_MS,
  idleMs: LONG_MS,
  maxSessionsPerEngine: 50,
  recycleRssBytes: 4096 * MEBIBYTE,
  onStderr: () => undefined,
};

/** A session with ORB, on the CPU, without anything optional. */
export const engineSetup = (setup: Partial<ServoSetup> = {}): ServoSetup => ({
  detector: 'ORB',
  policy: 'cns',
  camera: null,
  fieldOfView: null,
  goalDistance: null,
  depthHint: null,
  gain: 1,
  limits: { linear: null, angular: null },
  handEye: null,
  onWeak: 'use',
  workingSize: 640,
  device: 'cpu',
  strict: false,
  ...setup,
});
