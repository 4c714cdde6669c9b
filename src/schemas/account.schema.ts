import { z } from 'zod';
import { email, password } from './auth.schema.js';
import { credits, id, issuedTokens, lineOfText, timestamp } from './common.schema.js';
import { acknowledged, envelope } from './envelope.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const personName = lineOfText(100);
const name = personName.meta({ example: 'Mario' });
const surname = personName.meta({ example: 'Rossi' });
const role = z.enum(['user', 'admin']);
const userParams = z.strictObject({ userId: id });

const registerBody = z.strictObject({ name, surname, email, password }).meta({ id: 'NewAccount' });
const loginBody = z.strictObject({ email, password }).meta({ id: 'AccountLogin' });
const changes = z
  .strictObject({
    name: name.optional(),
    surname: surname.optional(),
    email: email.optional(),
    password: password.optional(),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    error: 'Give at least one of name, surname, email and password.',
  })
  .meta({ id: 'AccountChanges' });

/** Status of a ledger row; `pending`, `captured` and `released` are states of holds. */
export const TRANSACTION_STATUSES = ['pending', 'captured', 'released', 'completed', 'refunded'] as const;
/** See {@link TRANSACTION_STATUSES}. */
export const transactionStatus = z.enum(TRANSACTION_STATUSES).meta({
  description:
    'A hold is `pending` until its job ends, then `captured` (the job completed) or `released` (it did not)',
});

/** A ledger row in the format of the compatibility routes. */
export const transaction = z
  .object({
    id,
    operationType: z.string().meta({ example: 'dataset_upload' }),
    operationId: z.string(),
    amount: z.number().meta({ description: 'Change of the balance in credits; 0 when a hold is captured' }),
    status: transactionStatus,
    balanceBefore: credits,
    balanceAfter: credits,
    description: z.string(),
    createdAt: timestamp,
  })
  .meta({ id: 'TokenTransaction' });

const pricing = z.object({
  dataset_upload: z.object({ single_image: credits, video_frame: credits, zip_file: credits }),
  inference: z.object({ single_image: credits, video_frame: credits }),
});

const profile = z.object({
  id,
  name: z.string().nullable(),
  surname: z.string().nullable(),
  email: z.string(),
});

/** Accounts with first name and surname: register, sign in, show, update, delete. */
export const accountOperations = {
  register: operation({
    method: 'post',
    path: '/api/users/user',
    operationId: 'registerAccount',
    summary: 'Register a user with a name',
    description: 'A new user starts with 100 tokens. Passwords have 8 to 72 bytes in UTF-8.',
    tag: 'Accounts',
    access: 'public',
    body: json(registerBody),
    responses: [
      {
        status: 201,
        description: 'The user was registered',
        schema: envelope('User created successfully', profile.extend({ tokens: credits, role })).meta({
          id: 'AccountCreated',
        }),
      },
    ],
    errors: [409],
  }),
  login: operation({
    method: 'post',
    path: '/api/users/login',
    operationId: 'loginAccount',
    summary: 'Get an access token',
    description: 'An unknown e-mail and a wrong password get the same response in the same time.',
    tag: 'Accounts',
    access: 'public',
    body: json(loginBody),
    responses: [
      {
        status: 200,
        description: 'The token and its user',
        schema: envelope(
          'Login successful',
          z.object({
            ...issuedTokens,
            user: z.object({ id, name: z.string().nullable(), email: z.string() }),
          }),
        ).meta({ id: 'AccountLoggedIn' }),
      },
    ],
    errors: [401, 403],
  }),
  profile: operation({
    method: 'get',
    path: '/api/users/profile',
    operationId: 'getProfile',
    summary: "The caller's profile",
    tag: 'Accounts',
    access: 'user',
    scope: 'account:read',
    responses: [
      {
        status: 200,
        description: 'The profile',
        schema: z.object({ success: z.literal(true), data: profile }).meta({ id: 'Profile' }),
      },
    ],
  }),
  tokens: operation({
    method: 'get',
    path: '/api/users/tokens',
    operationId: 'getTokens',
    summary: 'Balance, the last ten transactions and the price list',
    tag: 'Accounts',
    access: 'user',
    scope: 'account:read',
    responses: [
      {
        status: 200,
        description: 'The balance',
        schema: envelope(
          'Token balance retrieved successfully',
          z.object({ balance: credits, recentTransactions: z.array(transaction), tokenPricing: pricing }),
        ).meta({ id: 'TokenBalance' }),
      },
    ],
  }),
  update: operation({
    method: 'put',
    path: '/api/users/:userId',
    operationId: 'updateAccount',
    summary: 'Change name, surname, e-mail or password',
    description: 'Only the own account. A new password revokes all earlier tokens.',
    tag: 'Accounts',
    access: 'user',
    scope: 'no-key',
    params: userParams,
    body: json(changes),
    responses: [
      {
        status: 200,
        description: 'The changed fields',
        schema: envelope(
          'User updated successfully',
          z.object({
            id,
            name: z.string().nullable().optional(),
            surname: z.string().nullable().optional(),
            email: z.string().optional(),
            updatedAt: timestamp,
          }),
        ).meta({ id: 'AccountUpdated' }),
      },
    ],
    errors: [404, 409],
  }),
  remove: operation({
    method: 'delete',
    path: '/api/users/:userId',
    operationId: 'deleteAccount',
    summary: 'Delete the own account',
    description:
      'The account is deleted immediately, datasets are soft-deleted, and the e-mail can be used again. Jobs are stopped and their holds released, most of them in the background.',
    tag: 'Accounts',
    access: 'user',
    scope: 'no-key',
    params: userParams,
    responses: [
      {
        status: 200,
        description: 'The account was deleted',
        schema: acknowledged('User deleted successfully').meta({ id: 'AccountDeleted' }),
      },
    ],
    errors: [404],
  }),
};
