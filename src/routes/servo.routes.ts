import type { ServoSessionController } from '../controllers/servo-session.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { servoOperations } from '../schemas/servo.schema.js';

/** Live servoing. */
export const servoRoutes = (servo: ServoSessionController) => [
  endpoint(servoOperations.step, servo.step),
  endpoint(servoOperations.open, servo.open),
  endpoint(servoOperations.list, servo.list),
  endpoint(servoOperations.get, servo.get),
  endpoint(servoOperations.close, servo.close),
  endpoint(servoOperations.watch, servo.watch),
];
