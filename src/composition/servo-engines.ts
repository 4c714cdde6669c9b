import os from 'node:os';
import type { Settings } from '../config/settings.js';
import type { ServoEngines } from '../domain/servo.js';
import { ServoEnginePool } from '../engines/servo-engine/servo-engine-pool.js';
import type { Logger } from '../logging/logger.js';
import { locateFfmpeg } from '../media/ffmpeg-locate.js';
import { MAX_IMAGE_SIDE } from '../media/image-size.js';
import { engineEnvironment } from './engine-environment.js';

/** Settings that live servoing reads. */
export type ServoEngineSettings = Pick<Settings, 'ffmpeg' | 'folders' | 'inference' | 'servo' | 'upload'>;

const GIBIBYTE = 2 ** 30;
const MIN_ENGINES = 2;
const SESSIONS_PER_SPARE = 4;
/** While one engine reads files or waits for its turn among other processes, another one loads. */
const STARTS_PER_CORE = 2;
const GOAL_TIMEOUT_MS = 60_000;
const FRAME_TIMEOUT_MS = 20_000;
/** The decoder's own limit comes first; it is not looked at everywhere. */
const DECODE_SECONDS = 10;
const IDLE_MS = 5 * 60_000;
const SESSIONS_PER_ENGINE = 50;

/** Engines for live sessions of an api process; none runs before the first session. */
export function createServoEngines(settings: ServoEngineSettings, log: Logger): ServoEngines {
  const memory = os.totalmem();
  const { upload, servo, inference, folders } = settings;
  const size = servo.engines ?? Math.max(MIN_ENGINES, os.availableParallelism());
  return new ServoEnginePool({
    size,
    spares: servo.spareEngines ?? Math.ceil(size / SESSIONS_PER_SPARE),
    simultaneousStarts: STARTS_PER_CORE * os.availableParallelism(),
    surroundings: async () => ({
      modelsDirectory: folders.models,
      ffmpeg: await locateFfmpeg(settings.ffmpeg),
      image: {
        // A goal is an upload; frames are measured before they come here.
        maxBytes: Math.max(upload.maxBytes, servo.maxFrameBytes),
        maxPixels: upload.maxImagePixels,
        maxSide: MAX_IMAGE_SIDE,
        timeoutSeconds: DECODE_SECONDS,
        jpegDecoder: inference.jpegDecoder,
      },
    }),
    env: engineEnvironment(),
    maxRssBytes: Math.max(2 * GIBIBYTE, memory / 4),
    goalTimeoutMs: GOAL_TIMEOUT_MS,
    frameTimeoutMs: FRAME_TIMEOUT_MS,
    idleMs: IDLE_MS,
    maxSessionsPerEngine: SESSIONS_PER_ENGINE,
    recycleRssBytes: GIBIBYTE,
    onStderr: ({ pid }, text) => log.debug('A servo engine wrote to stderr.', { pid, text }),
  });
}
