import type { UserSessionController } from '../controllers/user-session.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { userSessionOperations } from '../schemas/user-session.schema.js';

/** Sessions of people. */
export const userSessionRoutes = (sessions: UserSessionController) => [
  endpoint(userSessionOperations.refresh, sessions.refresh),
  endpoint(userSessionOperations.signOut, sessions.signOut),
  endpoint(userSessionOperations.list, sessions.list),
  endpoint(userSessionOperations.endOthers, sessions.endOthers),
  endpoint(userSessionOperations.end, sessions.end),
  endpoint(userSessionOperations.changePassword, sessions.changePassword),
  endpoint(userSessionOperations.resetPassword, sessions.resetPassword),
];
