import type { AccountController } from '../controllers/account.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { accountOperations } from '../schemas/account.schema.js';

/** Accounts with a name (compatibility routes). */
export const accountRoutes = (controller: AccountController) => [
  endpoint(accountOperations.register, controller.register),
  endpoint(accountOperations.login, controller.login),
  endpoint(accountOperations.profile, controller.profile),
  endpoint(accountOperations.tokens, controller.tokens),
  endpoint(accountOperations.update, controller.update),
  endpoint(accountOperations.remove, controller.remove),
];
