import { SERVO_TASK } from '../../domain/servo-recording.js';
import type { Task } from '../definition.js';
import { servoParamsSchema, type ServoParams } from './params.js';
import { planServo, type ServoInput } from './plan.js';

/**
 * Renders the recording of a session of live servoing. The server creates these jobs when recorded sessions end; the
 * session pays for the frames, so the job is billed in no unit.
 */
export const servoTask: Task<ServoParams, ServoInput> = {
  name: SERVO_TASK,
  media: [],
  pricePreset: 'infernode',
  priceUnits: [],
  params: servoParamsSchema,
  plan: planServo,
  units: () => ({}),
  device: ({ device }) => device,
  pipeline: () => import('./pipeline.js'),
};
