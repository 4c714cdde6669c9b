import type { ErrorMeaning } from '../error-kind.js';

/** Errors of credentials: passwords, access tokens, API keys. */
export const CREDENTIAL_CODES = {
  TOKEN_MISSING: {
    kind: 'unauthenticated',
    title: 'Access token missing',
    hint: 'Send the header `Authorization: Bearer <token>`, or `Authorization: Api-Key <key>`.',
  },
  TOKEN_NOT_BEARER: {
    kind: 'unauthenticated',
    title: 'Neither a bearer token nor an API key',
    hint: 'Send one `Authorization` header of the form `Bearer <token>` or `Api-Key <key>`.',
  },
  INVALID_TOKEN: {
    kind: 'unauthenticated',
    title: 'Invalid access token',
    hint: 'Sign in again: the token is malformed or was issued by another server.',
  },
  TOKEN_EXPIRED: { kind: 'unauthenticated', title: 'Access token expired', hint: 'Sign in again.' },
  TOKEN_REVOKED: {
    kind: 'unauthenticated',
    title: 'Access token revoked',
    hint: 'Sign in again: the password or the role has changed, or the account was deleted.',
  },
  INVALID_TICKET: {
    kind: 'unauthenticated',
    title: 'Invalid ticket',
    hint: 'Request another one with `POST /api/websocket/tickets`: a ticket opens one connection, within 30 seconds.',
  },
  INVALID_API_KEY: {
    kind: 'unauthenticated',
    title: 'Invalid API key',
    hint: 'Create a new key: this one is malformed, unknown or deleted.',
  },
  API_KEY_EXPIRED: {
    kind: 'unauthenticated',
    title: 'API key expired',
    hint: 'Use the new secret if the key was rotated; otherwise extend its expiry or create another key.',
  },
  API_KEY_REVOKED: {
    kind: 'unauthenticated',
    title: 'API key revoked',
    hint: 'Ask an administrator to enable the account of the key.',
  },
  CREDENTIALS_AMBIGUOUS: {
    kind: 'unauthenticated',
    title: 'Two credentials',
    hint: 'Send either an access token or an API key.',
  },
  INVALID_REFRESH_TOKEN: {
    kind: 'unauthenticated',
    title: 'Invalid refresh token',
    hint: 'Sign in again.',
  },
  REFRESH_TOKEN_REUSED: {
    kind: 'unauthenticated',
    title: 'Refresh token reused',
    hint: 'Sign in again. If no client of yours sent the token twice, somebody has copied it: change the password.',
  },
  INVALID_CREDENTIALS: {
    kind: 'unauthenticated',
    title: 'Invalid credentials',
    hint: 'Check the e-mail address and the password.',
  },
  SCOPE_MISSING: {
    kind: 'forbidden',
    title: 'Scope missing',
    hint: 'Use an API key with the scope in the message, or sign in.',
  },
  API_KEY_NOT_ACCEPTED: {
    kind: 'forbidden',
    title: 'API key not accepted',
    hint: 'Sign in with e-mail and password, and send the access token.',
  },
  ADDRESS_NOT_ALLOWED: {
    kind: 'forbidden',
    title: 'Address not allowed',
    hint: 'Use the API key from an address in its `ipRanges`, or change them.',
  },
  KEY_EXCEEDS_CREATOR: {
    kind: 'forbidden',
    title: 'API key would exceed its creator',
    hint: 'Ask for no more scopes, addresses, time or requests than the credential of the request has.',
  },
  INVALID_RESET_LINK: {
    kind: 'forbidden',
    title: 'Invalid link to set a password',
    hint: 'Ask an administrator for another link.',
  },
  ACCOUNT_DISABLED: {
    kind: 'forbidden',
    title: 'Account disabled',
    hint: 'Ask an administrator to enable the account.',
  },
  OIDC_UNAVAILABLE: {
    kind: 'unavailable',
    title: 'Identity provider unavailable',
    hint: 'Try again later. Operators: the log says why; check `OIDC_ISSUER`, `OIDC_CLIENT_ID` and `OIDC_CLIENT_SECRET`.',
  },
  OIDC_REFUSED: {
    kind: 'forbidden',
    title: 'Sign-in refused by the identity provider',
    hint: 'Sign in again; if it is refused again, ask the administrator of the identity provider.',
  },
  OIDC_SIGN_IN_INVALID: {
    kind: 'forbidden',
    title: 'Sign-in not valid',
    hint: 'Start the sign-in again, in one tab of the browser, and finish it within ten minutes.',
  },
  OIDC_EMAIL_UNVERIFIED: {
    kind: 'forbidden',
    title: 'E-mail address not verified',
    hint: 'Verify the e-mail address at the identity provider, which must send `email` and `email_verified`.',
  },
  OIDC_DOMAIN_NOT_ALLOWED: {
    kind: 'forbidden',
    title: 'E-mail domain not allowed',
    hint: 'Sign in with an address of a domain that the operator allows (`OIDC_ALLOWED_DOMAINS`).',
  },
  OIDC_SIGN_UP_CLOSED: {
    kind: 'forbidden',
    title: 'Sign-up closed',
    hint: 'Ask an administrator for an account with the e-mail address that the identity provider knows.',
  },
  INVALID_SIGN_IN_CODE: {
    kind: 'forbidden',
    title: 'Invalid sign-in code',
    hint: 'Start the sign-in again: a code works once, for a short time, in the browser that signed in.',
  },
  IDENTITY_TAKEN: {
    kind: 'conflict',
    title: 'Identity linked to another account',
    hint: 'Sign in with the account that the identity is linked to.',
  },
  SESSION_UNKNOWN: {
    kind: 'conflict',
    title: 'Token without a session',
    hint: 'The token was issued by an earlier version; it ends by its expiry. Change the password to end it now.',
  },
  TOO_MANY_API_KEYS: {
    kind: 'conflict',
    title: 'Too many API keys',
    hint: 'Delete keys that are no longer used; the message states the limit.',
  },
  TOO_MANY_ATTEMPTS: {
    kind: 'rate_limited',
    title: 'Too many sign-in attempts',
    hint: 'Wait for the time given in `Retry-After`.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
