import { AppError } from '../errors/app-error.js';

/** What an API key may be allowed to do. Each operation declares the scope that it needs. */
export const SCOPES = {
  'datasets:read': 'List and read datasets, their files and tags',
  'datasets:write': 'Create, change and delete datasets; upload files',
  'jobs:read': 'List and follow jobs, read results, estimate prices, receive notifications',
  'jobs:write': 'Create, cancel and retry jobs',
  classify: 'Synchronous classification and detection, and inference on tensors',
  servo: 'Live servoing: sessions, frames and streams',
  webhooks:
    'List, create, change and delete webhooks, read and repeat their deliveries; `webhook` of new jobs',
  'account:read': 'Read the profile, the balance and the transactions',
  keys: 'List, create, change, rotate and delete API keys that are not more powerful than the own one',
  admin: 'Administration; the user needs the admin role as well',
} as const satisfies Readonly<Record<string, string>>;

/** See {@link SCOPES}. */
export type Scope = keyof typeof SCOPES;

/** All scopes, in the order of the documentation. */
export const SCOPE_NAMES = Object.keys(SCOPES) as [Scope, ...Scope[]];

/**
 * What an operation requires of an API key: a scope; `any-key` for data that belongs to no user, such as the list of
 * networks; `no-key` for operations of a person who signed in with a password.
 */
export type RequiredScope = Scope | 'any-key' | 'no-key';

/**
 * The only check of scopes.
 * @param granted scopes of the API key; undefined for access tokens, which have all rights of their user
 * @throws AppError SCOPE_MISSING, API_KEY_NOT_ACCEPTED.
 */
export function requireScope(granted: readonly Scope[] | undefined, required: RequiredScope): void {
  if (granted === undefined || required === 'any-key') return;
  if (required === 'no-key') {
    const message = 'No API key can do this: sign in, and send the access token.';
    throw new AppError('API_KEY_NOT_ACCEPTED', { message });
  }
  if (granted.includes(required)) return;
  throw new AppError('SCOPE_MISSING', {
    message: `The API key lacks the scope ${required}; it has ${granted.join(', ')}.`,
    details: { requiredScope: required },
  });
}
