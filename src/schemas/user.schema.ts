import { z } from 'zod';
import { hasDecimals, MAX_CREDITS } from '../domain/money.js';
import { email } from './auth.schema.js';
import { credits } from './common.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const recharge = z
  .strictObject({
    email,
    credits: z
      .number()
      .positive()
      .max(MAX_CREDITS)
      .refine((amount) => hasDecimals(amount, 6), 'must have at most six decimals')
      .meta({ description: 'More than 0, at most six decimals', example: 50 }),
  })
  .meta({ id: 'Recharge' });

/** Balance of the caller, and recharging by an admin. */
export const userOperations = {
  credits: operation({
    method: 'get',
    path: '/api/user/credits',
    operationId: 'getCredits',
    summary: "The caller's credit balance",
    tag: 'Users',
    access: 'user',
    scope: 'account:read',
    responses: [
      { status: 200, description: 'The balance', schema: z.object({ credits }).meta({ id: 'Credits' }) },
    ],
  }),
  recharge: operation({
    method: 'post',
    path: '/api/admin/recharge',
    operationId: 'rechargeCredits',
    summary: "Add credits to a user's balance",
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    body: json(recharge),
    audited: ['email', 'credits'],
    idempotent: true,
    responses: [
      {
        status: 200,
        description: 'The new balance',
        schema: z
          .object({ message: z.literal("User's credits updated"), newBalance: credits })
          .meta({ id: 'Recharged' }),
      },
    ],
    errors: [404],
  }),
};
