import { z } from 'zod';
import {
  OIDC_CALLBACK_PATH,
  OIDC_PATH,
  OIDC_START_PATH,
  SIGN_IN_PAGE_PATH,
  SIGN_IN_SCRIPT_PATH,
} from '../domain/api-paths.js';
import { isReturnPath, MAX_RETURN_PATH_LENGTH } from '../domain/return-path.js';
import { issuedTokens, PASSWORD_TEXT_MAX } from './common.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const returnTo = z
  .string()
  .max(MAX_RETURN_PATH_LENGTH)
  .refine(isReturnPath, 'must be a path of this server, such as /sign-in')
  .default(SIGN_IN_PAGE_PATH)
  .meta({ description: 'Path of this server to which the browser returns, without fragment' });
const code = z.string().max(512).meta({ description: 'The code in the fragment of the page' });
const parameter = z.string().max(4096).optional();

const tokens = z
  .object({ message: z.literal('Login successful'), tokenType: z.literal('Bearer'), ...issuedTokens })
  .meta({ id: 'OidcTokens' });
const about = { tag: 'Authentication', access: 'public' } as const;
const html = (status: number) => ({ status, alsoAs: 'text/html' });

/** Sign-in by OpenID Connect. */
export const oidcOperations = {
  info: operation({
    ...about,
    method: 'get',
    path: OIDC_PATH,
    operationId: 'oidcInfo',
    summary: 'Whether people can sign in by OpenID Connect',
    responses: [
      {
        status: 200,
        description: 'For the button of a page',
        schema: z
          .object({
            enabled: z.boolean(),
            buttonName: z.string().nullable(),
            startPath: z.string().nullable().meta({ example: OIDC_START_PATH }),
          })
          .meta({ id: 'OidcInfo' }),
      },
    ],
  }),
  start: operation({
    ...about,
    method: 'get',
    path: OIDC_START_PATH,
    operationId: 'oidcStart',
    summary: 'Start a sign-in by OpenID Connect',
    description:
      'For browsers: sets a cookie and redirects to the identity provider, which sends the browser back to the callback.',
    query: z.strictObject({ returnTo }),
    responses: [{ status: 303, description: 'Redirects to the identity provider' }],
    errors: [404, html(503)],
  }),
  callback: operation({
    ...about,
    method: 'get',
    path: OIDC_CALLBACK_PATH,
    operationId: 'oidcCallback',
    summary: 'Return from the identity provider',
    description:
      'Redirects to `returnTo` with `#sign-in-code=<code>`, which `POST /api/auth/oidc/token` exchanges for tokens; to `/sign-in` with `#link-code=<code>` if an account with the e-mail exists, which needs its password first. A path of `/api/admin` gets the cookie of the queue board instead. Failures are a page for clients that prefer HTML.',
    query: z.looseObject({ code: parameter, state: parameter, iss: parameter, error: parameter }),
    responses: [{ status: 303, description: 'Redirects to the page' }],
    errors: [404, html(403), html(429), html(503)],
  }),
  token: operation({
    ...about,
    method: 'post',
    path: `${OIDC_PATH}/token`,
    operationId: 'oidcToken',
    summary: 'Exchange the code of a sign-in for tokens',
    description: 'A code works once, for 60 seconds, and only with the cookie of the browser that signed in.',
    body: json(z.strictObject({ code }).meta({ id: 'OidcCode' })),
    responses: [{ status: 200, description: 'Tokens of a new session', schema: tokens }],
    errors: [403, 404],
  }),
  link: operation({
    ...about,
    method: 'post',
    path: `${OIDC_PATH}/link`,
    operationId: 'oidcLink',
    summary: 'Link the identity to an existing account with its password, and sign in',
    description:
      'A code works once, for ten minutes, and only with the cookie of the browser that signed in.',
    body: json(
      z.strictObject({ code, password: z.string().max(PASSWORD_TEXT_MAX) }).meta({ id: 'OidcLink' }),
    ),
    responses: [{ status: 200, description: 'Tokens of a new session', schema: tokens }],
    errors: [401, 403, 404, 409],
  }),
  signOut: operation({
    ...about,
    method: 'get',
    path: `${OIDC_PATH}/logout`,
    operationId: 'oidcLogout',
    summary: 'Sign out of the identity provider',
    description: 'For browsers, after `POST /api/auth/logout`. Redirects to the provider, or to `/sign-in`.',
    responses: [{ status: 303, description: 'Redirects' }],
    errors: [404, html(503)],
  }),
  page: operation({
    ...about,
    method: 'get',
    path: SIGN_IN_PAGE_PATH,
    operationId: 'signInPage',
    summary: 'Page to sign in by OpenID Connect',
    responses: [{ status: 200, description: 'The page', contentType: 'text/html' }],
    errors: [404],
  }),
  script: operation({
    ...about,
    method: 'get',
    path: SIGN_IN_SCRIPT_PATH,
    operationId: 'signInScript',
    summary: 'Script of the sign-in page',
    responses: [{ status: 200, description: 'The script', contentType: 'text/javascript' }],
  }),
};
