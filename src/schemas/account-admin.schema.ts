import { z } from 'zod';
import { account } from './admin-list.schema.js';
import { credits, id, idParams, timestamp } from './common.schema.js';
import { envelope, numberedPage, pageFacts } from './envelope.schema.js';
import { ADMIN, operation } from './operation.js';

const about = { tag: 'Administration', ...ADMIN } as const;

const accountAnswer = (status: string, description: string) => ({
  status: 200,
  description,
  schema: envelope('User updated successfully', account).meta({ id: status }),
});

const resetLink = z.object({
  email: z.string(),
  token: z.string().meta({ description: 'Works once, at `POST /api/auth/password-reset`; shown only here' }),
  url: z.string().meta({ description: 'A page where the user chooses a password' }),
  expiresAt: timestamp,
});

const auditEntry = z
  .object({
    id,
    createdAt: timestamp,
    actorId: id.nullable().meta({ description: 'null: a command on the server' }),
    actor: z.string().meta({ description: 'E-mail, or the system account of a command' }),
    action: z.string().meta({ description: 'Operation of the API, or the command' }),
    subject: z.record(z.string(), z.unknown()),
    requestId: z.string().nullable(),
  })
  .meta({ id: 'AuditEntry' });

const day = z.iso.date().meta({ example: '2026-11-30' });
const usageQuery = {
  from: day.optional().meta({ description: 'First day (UTC), 30 days before `to` by default' }),
  to: day.optional().meta({ description: 'Last day (UTC), included; today by default' }),
  format: z
    .enum(['json', 'csv'])
    .default('json')
    .meta({ description: '`csv` for a table; `Accept: text/csv` as well' }),
};
const usage = z
  .object({
    from: z.string(),
    to: z.string(),
    data: z.array(
      z.object({
        date: z.string(),
        userId: id,
        email: z.string(),
        jobs: z.number().int().meta({ description: 'Jobs that ended' }),
        images: z.number().int().meta({ description: 'Images classified or searched for objects' }),
        frames: z.number().int().meta({ description: 'Frames of completed jobs and of live sessions' }),
        credits,
        bytes: z.number().int().meta({ description: 'Size of uploaded files' }),
      }),
    ),
  })
  .meta({ id: 'Usage' });
const usageAnswer = [
  {
    status: 200,
    description: 'One row per user and day; days without usage are left out',
    schema: usage,
    contentType: 'text/csv',
  },
];

/** Administration of accounts: disable, reset the password, audit log, usage. */
export const accountAdminOperations = {
  disable: operation({
    ...about,
    method: 'post',
    path: '/api/admin/users/:id/disable',
    operationId: 'disableUser',
    summary: 'Disable an account',
    description:
      'It cannot sign in; its sessions end and its API keys are rejected immediately. Jobs continue.',
    params: idParams,
    responses: [accountAnswer('UserDisabled', 'The account')],
    errors: [404],
  }),
  enable: operation({
    ...about,
    method: 'post',
    path: '/api/admin/users/:id/enable',
    operationId: 'enableUser',
    summary: 'Enable a disabled account again',
    params: idParams,
    responses: [accountAnswer('UserEnabled', 'The account')],
    errors: [404],
  }),
  passwordReset: operation({
    ...about,
    // The link gives all rights of the account, which no key may have.
    scope: 'no-key',
    method: 'post',
    path: '/api/admin/users/:id/password-reset',
    operationId: 'createPasswordReset',
    summary: 'Create a one-time link with which a user sets a password',
    description:
      'Valid for 24 hours; an earlier link of the user ends, and so does this one when the password is changed otherwise. Pass it on by a channel that only the user reads. No API key can create one.',
    params: idParams,
    responses: [
      {
        status: 201,
        description: 'The link',
        schema: envelope('Password reset created', resetLink).meta({ id: 'PasswordResetLink' }),
      },
    ],
    errors: [404],
  }),
  audit: operation({
    ...about,
    method: 'get',
    path: '/api/admin/audit',
    operationId: 'listAuditLog',
    summary: 'The audit log, newest first',
    description: 'Requests and commands of admins, and changes of API keys.',
    query: z.strictObject({
      ...numberedPage(50),
      actor: z.string().trim().min(1).max(254).optional().meta({ description: 'Part of the actor' }),
      action: z.string().min(1).max(80).optional(),
      createdAfter: timestamp.optional(),
      createdBefore: timestamp.optional(),
    }),
    responses: [
      {
        status: 200,
        description: 'One page of the log',
        schema: envelope(
          'Audit log retrieved successfully',
          z.object({ entries: z.array(auditEntry), ...pageFacts }),
        ).meta({ id: 'AuditLog' }),
      },
    ],
  }),
  usage: operation({
    ...about,
    method: 'get',
    path: '/api/admin/usage',
    operationId: 'listUsage',
    summary: 'Usage per user and day',
    description:
      'At most 366 days and 100 000 rows: a longer report is refused (422) instead of cut, so that it can be asked for in parts, by days or users.',
    query: z.strictObject({ ...usageQuery, userId: id.optional() }),
    responses: usageAnswer,
  }),
  ownUsage: operation({
    tag: 'Users',
    access: 'user',
    scope: 'account:read',
    method: 'get',
    path: '/api/user/usage',
    operationId: 'getOwnUsage',
    summary: 'Own usage per day',
    query: z.strictObject(usageQuery),
    responses: usageAnswer,
  }),
};
