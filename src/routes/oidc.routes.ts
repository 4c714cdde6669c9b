import type { OidcController } from '../controllers/oidc.controller.js';
import { endpoint } from '../middlewares/endpoint.js';
import { oidcOperations } from '../schemas/oidc.schema.js';

/** Sign-in by OpenID Connect. */
export const oidcRoutes = (oidc: OidcController) => [
  endpoint(oidcOperations.info, oidc.info),
  endpoint(oidcOperations.start, oidc.start),
  endpoint(oidcOperations.callback, oidc.callback),
  endpoint(oidcOperations.token, oidc.token),
  endpoint(oidcOperations.link, oidc.link),
  endpoint(oidcOperations.signOut, oidc.signOut),
  endpoint(oidcOperations.page, oidc.page),
  endpoint(oidcOperations.script, oidc.script),
];
