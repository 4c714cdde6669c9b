import type { SchedulingController } from '../controllers/scheduling.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { schedulingOperations } from '../schemas/scheduling.schema.js';

/** The order of waiting jobs, and pausing of tasks. */
export const schedulingRoutes = (scheduling: SchedulingController) => [
  endpoint(schedulingOperations.setPriority, scheduling.setPriority),
  endpoint(schedulingOperations.promote, scheduling.promote),
  endpoint(schedulingOperations.tasks, scheduling.tasks),
  endpoint(schedulingOperations.pause, scheduling.pause),
  endpoint(schedulingOperations.resume, scheduling.resume),
];
