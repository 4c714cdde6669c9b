import type { AccountAdminController } from '../controllers/account-admin.controller.js';
import type { PasswordPageController } from '../controllers/password-page.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { accountAdminOperations } from '../schemas/account-admin.schema.js';
import { passwordPageOperations } from '../schemas/password-page.schema.js';

/** Administration of accounts, and usage. */
export const accountAdminRoutes = (accounts: AccountAdminController) => [
  endpoint(accountAdminOperations.disable, accounts.disable),
  endpoint(accountAdminOperations.enable, accounts.enable),
  endpoint(accountAdminOperations.passwordReset, accounts.passwordReset),
  endpoint(accountAdminOperations.audit, accounts.audit),
  endpoint(accountAdminOperations.usage, accounts.usage),
  endpoint(accountAdminOperations.ownUsage, accounts.ownUsage),
];

/** The page of links to set a password. */
export const passwordPageRoutes = (page: PasswordPageController) => [
  endpoint(passwordPageOperations.page, page.page),
  endpoint(passwordPageOperations.submit, page.submit),
];
