import type { Settings } from '../config/settings.js';
import type { BodyRateFloor } from '../middlewares/body/body-watch.js';

/** The minimum rate of all bodies. */
export const bodyPace = ({
  bodyIdleMs,
  bodyMinBytesPerSecond,
}: Pick<Settings['http'], 'bodyIdleMs' | 'bodyMinBytesPerSecond'>): BodyRateFloor => ({
  idleMs: bodyIdleMs,
  minBytesPerSecond: bodyMinBytesPerSecond,
});
