import type { AdminSessionController } from '../controllers/admin-session.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { adminSessionOperations } from '../schemas/admin-session.schema.js';

/** Browser sign-in of admins. */
export const adminSessionRoutes = (sessions: AdminSessionController) => [
  endpoint(adminSessionOperations.page, sessions.page),
  endpoint(adminSessionOperations.signIn, sessions.signIn),
  endpoint(adminSessionOperations.signOut, sessions.signOut),
];
