import { z } from 'zod';
import { DATASET_CONTENTS } from '../domain/listing.js';
import { hasDecimals } from '../domain/money.js';
import { transaction, transactionStatus } from './account.schema.js';
import { adminListOperations } from './admin-list.schema.js';
import { email } from './auth.schema.js';
import { credits, flag, id } from './common.schema.js';
import { envelope, numberedPage, pageFacts } from './envelope.schema.js';
import { datasetRow } from './named-dataset-answers.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

/** Names of ledger kinds in the compatibility routes. */
export const OPERATION_TYPES = [
  'registration_bonus',
  'admin_recharge',
  'dataset_upload',
  'inference',
  'refund',
] as const;

const MAX_RECHARGE = 1_000_000;
/** An amount greater than 0 and at most one million, with at most two decimals; a number or its text. */
const amount = z
  .union([
    z.number(),
    z.string().regex(/^\d{1,7}(\.\d{1,2})?$/, 'must be a decimal number with at most two decimals'),
  ])
  .transform(Number)
  .pipe(
    z
      .number()
      .positive()
      .max(MAX_RECHARGE)
      .refine((value) => hasDecimals(value, 2), 'must have at most two decimals'),
  )
  .meta({ description: 'More than 0, at most two decimals, at most 1 000 000', example: 200 });

const owner = z.object({
  id,
  name: z.string().nullable(),
  surname: z.string().nullable(),
  email: z.string(),
  role: z.enum(['user', 'admin']),
  deleted: z.boolean(),
});

const sums = z.record(z.string(), z.object({ count: z.number().int(), amount: credits }));

const adminDataset = datasetRow.extend({
  datasetType: z.enum(DATASET_CONTENTS),
  images: z.number().int(),
  videos: z.number().int(),
  videoFrames: z.number().int(),
  estimatedInferenceCost: credits,
  isOrphaned: z.boolean().meta({ description: 'The owner has deleted the account' }),
  user: owner,
});

/** Operations for admins: balances, recharges, ledger and datasets of all users. */
export const administrationOperations = {
  ...adminListOperations,
  userTokens: operation({
    method: 'get',
    path: '/api/admin/users/:email/tokens',
    operationId: 'getUserTokens',
    summary: "A user's balance and last 50 transactions",
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    params: z.strictObject({ email }),
    responses: [
      {
        status: 200,
        description: 'The balance',
        schema: envelope(
          'User token information retrieved successfully',
          z.object({
            id,
            name: z.string().nullable(),
            surname: z.string().nullable(),
            email: z.string(),
            currentBalance: credits,
            role: z.enum(['user', 'admin']),
          }),
        )
          .extend({ transactions: z.array(transaction) })
          .meta({ id: 'UserTokens' }),
      },
    ],
    errors: [404],
  }),
  rechargeTokens: operation({
    method: 'post',
    path: '/api/admin/user-tokens',
    operationId: 'rechargeTokens',
    summary: "Add tokens to a user's balance",
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    body: json(z.strictObject({ email, amount }).meta({ id: 'TokenRecharge' })),
    audited: ['email', 'amount'],
    idempotent: true,
    responses: [
      {
        status: 200,
        description: 'The new balance',
        // The misspelling is part of the published API.
        schema: envelope(
          'Tokens recharged succesfully',
          z.object({ userEmail: z.string(), amountAdded: credits, newBalance: credits }),
        ).meta({ id: 'TokensRecharged' }),
      },
    ],
    errors: [404],
  }),
  transactions: operation({
    method: 'get',
    path: '/api/admin/transactions',
    operationId: 'listTransactions',
    summary: 'The ledger of all users, newest first',
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    query: z.strictObject({
      ...numberedPage(50),
      status: transactionStatus.optional(),
      operationType: z.enum(OPERATION_TYPES).optional(),
      userId: id.optional(),
      includeDeleted: flag
        .optional()
        .meta({ description: '`false` excludes rows of deleted accounts, which are listed by default' }),
    }),
    responses: [
      {
        status: 200,
        description: 'One page of the ledger with its sums',
        schema: envelope(
          'All transactions retrieved successfully',
          z.object({
            transactions: z.array(transaction.extend({ user: owner })),
            summary: z.object({
              totalTransactions: z.number().int(),
              byOperationType: sums,
              byStatus: sums,
            }),
            ...pageFacts,
          }),
        ).meta({ id: 'TransactionList' }),
      },
    ],
  }),
  datasets: operation({
    method: 'get',
    path: '/api/admin/datasets',
    operationId: 'listAllDatasets',
    summary: 'Datasets of all users, including those whose owner was deleted',
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    query: z.strictObject({
      ...numberedPage(50),
      userId: id.optional(),
      name: z.string().normalize('NFC').min(1).max(200).optional().meta({ description: 'Part of the name' }),
      type: z.enum(DATASET_CONTENTS).optional(),
      includeDeleted: flag.optional(),
    }),
    responses: [
      {
        status: 200,
        description: 'One page of datasets with sums',
        schema: envelope(
          'All datasets retrieved successfully',
          z.object({
            datasets: z.array(adminDataset),
            summary: z.object({
              totalDatasets: z.number().int(),
              orphanedDatasets: z.number().int(),
              totalItems: z.number().int(),
              averageItemsPerDataset: z.number(),
              totalEstimatedInferenceCost: credits,
              byType: z.record(z.string(), z.number().int()),
            }),
            ...pageFacts,
          }),
        ).meta({ id: 'AllDatasets' }),
      },
    ],
  }),
};
