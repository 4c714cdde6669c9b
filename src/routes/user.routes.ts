import type { UserController } from '../controllers/user.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { userOperations } from '../schemas/user.schema.js';

/** Balances. */
export const userRoutes = (users: UserController) => [
  endpoint(userOperations.credits, users.credits),
  endpoint(userOperations.recharge, users.recharge),
];
