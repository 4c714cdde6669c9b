import type { AdministrationController } from '../controllers/administration.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { administrationOperations } from '../schemas/administration.schema.js';

/** Administration. */
export const administrationRoutes = (controller: AdministrationController) => [
  endpoint(administrationOperations.userTokens, controller.userTokens),
  endpoint(administrationOperations.rechargeTokens, controller.rechargeTokens),
  endpoint(administrationOperations.users, controller.users),
  endpoint(administrationOperations.jobs, controller.jobs),
  endpoint(administrationOperations.transactions, controller.transactions),
  endpoint(administrationOperations.datasets, controller.datasets),
];
