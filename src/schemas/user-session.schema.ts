import { z } from 'zod';
import { password } from './auth.schema.js';
import { id, idParams, issuedTokens, timestamp } from './common.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const tokens = z
  .object({ message: z.string(), tokenType: z.literal('Bearer'), ...issuedTokens })
  .meta({ id: 'IssuedTokens' });
const refreshToken = z.string().min(1).max(512);
const session = z
  .object({
    id,
    current: z.boolean().meta({ description: 'The session of this request' }),
    address: z.string().meta({ description: 'Address of the sign-in' }),
    userAgent: z.string().nullable(),
    createdAt: timestamp,
    lastUsedAt: timestamp.meta({ description: 'Sign-in, or the last refresh' }),
    expiresAt: timestamp,
  })
  .meta({ id: 'UserSession' });
const passwordChange = z
  .strictObject({ currentPassword: password, newPassword: password })
  .meta({ id: 'PasswordChange' });
const passwordReset = z.strictObject({ token: refreshToken, password }).meta({ id: 'PasswordReset' });

const about = { tag: 'Authentication', access: 'user', scope: 'no-key' } as const;

/** Sessions of people: refresh, sign-out, list, password. */
export const userSessionOperations = {
  refresh: operation({
    method: 'post',
    path: '/api/auth/refresh',
    operationId: 'refreshTokens',
    summary: 'Exchange a refresh token for new tokens',
    description:
      'A refresh token works once. A second use means that it was copied: the session ends, with all its tokens.',
    tag: 'Authentication',
    access: 'public',
    body: json(z.strictObject({ refreshToken }).meta({ id: 'TokenRefresh' })),
    responses: [{ status: 200, description: 'New tokens of the same session', schema: tokens }],
    errors: [401],
  }),
  signOut: operation({
    ...about,
    method: 'post',
    path: '/api/auth/logout',
    operationId: 'logout',
    summary: 'End the session of the access token',
    description: 'Its tokens are rejected from now on, and its open connections are closed.',
    responses: [{ status: 204, description: 'The session has ended' }],
    errors: [409],
  }),
  list: operation({
    ...about,
    method: 'get',
    path: '/api/auth/sessions',
    operationId: 'listSessions',
    summary: 'Sessions of the account, most recently used first',
    responses: [
      {
        status: 200,
        description: 'All sessions that have not ended',
        schema: z
          .object({ data: z.array(session), nextCursor: z.null(), hasMore: z.literal(false) })
          .meta({ id: 'UserSessionList' }),
      },
    ],
  }),
  endOthers: operation({
    ...about,
    method: 'delete',
    path: '/api/auth/sessions',
    operationId: 'endOtherSessions',
    summary: 'End all sessions but the one of this request',
    responses: [
      {
        status: 200,
        description: 'The number of sessions that were ended',
        schema: z.object({ ended: z.number().int() }).meta({ id: 'SessionsEnded' }),
      },
    ],
  }),
  end: operation({
    ...about,
    method: 'delete',
    path: '/api/auth/sessions/:id',
    operationId: 'endSession',
    summary: 'End one session',
    params: idParams,
    responses: [{ status: 204, description: 'The session has ended' }],
    errors: [404],
  }),
  changePassword: operation({
    ...about,
    method: 'post',
    path: '/api/auth/password',
    operationId: 'changePassword',
    summary: 'Change the own password',
    description:
      'All sessions of the account end; the response has the tokens of a new one. API keys stay valid.',
    body: json(passwordChange),
    responses: [{ status: 200, description: 'Tokens of the new session', schema: tokens }],
  }),
  resetPassword: operation({
    method: 'post',
    path: '/api/auth/password-reset',
    operationId: 'resetPassword',
    summary: "Set a password with an administrator's one-time link",
    description: 'All sessions of the account end.',
    tag: 'Authentication',
    access: 'public',
    body: json(passwordReset),
    responses: [
      {
        status: 200,
        description: 'The password was set',
        schema: z.object({ message: z.literal('Password changed') }).meta({ id: 'PasswordResetDone' }),
      },
    ],
    errors: [403],
  }),
};
