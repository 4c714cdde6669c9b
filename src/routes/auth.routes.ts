import type { AuthController } from '../controllers/auth.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { authOperations } from '../schemas/auth.schema.js';

/** Accounts and tokens. */
export const authRoutes = (auth: AuthController) => [
  endpoint(authOperations.register, auth.register),
  endpoint(authOperations.login, auth.login),
  endpoint(authOperations.keys, auth.jwks),
];
