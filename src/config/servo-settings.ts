import { z } from 'zod';
import { megabytes } from './setting-types.js';

/** Settings of live servoing. */
export const servoSettings = {
  /** Live sessions of an api process, each with an engine of its own; one a core, at least 2, unless given. */
  SERVO_ENGINES: z.coerce.number().int().min(1).max(256).optional(),
  /** Engines kept warm for the next session, or for one whose engine dies; unset: a quarter of the engines. */
  SERVO_SPARE_ENGINES: z.coerce.number().int().min(0).max(256).optional(),
  /** Largest frame of a live session. */
  SERVO_FRAME_MAX_MB: megabytes.default(16 * 1024 * 1024),
  /** Frames that come by POST, per client address and minute; 0 for no limit. */
  SERVO_FRAMES_PER_MINUTE: z.coerce.number().int().min(0).max(1_000_000_000).default(7200),
  /** Maximum size of the recording of a live session. */
  SERVO_RECORD_MAX_MB: megabytes.default(256 * 1024 * 1024),
  /** Maximum number of concurrent live servoing sessions of an account. */
  SERVO_SESSIONS_PER_USER: z.coerce.number().int().min(1).max(10_000).default(10),
};
