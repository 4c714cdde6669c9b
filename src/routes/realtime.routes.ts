import type { RealtimeController } from '../controllers/realtime.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { realtimeOperations } from '../schemas/realtime.schema.js';

/** The HTTP side of the WebSocket. */
export const realtimeRoutes = (realtime: RealtimeController) => [
  endpoint(realtimeOperations.stats, realtime.stats),
  endpoint(realtimeOperations.test, realtime.test),
  endpoint(realtimeOperations.ticket, realtime.ticket),
];
