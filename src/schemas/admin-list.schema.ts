import { z } from 'zod';
import { credits, EMAIL_TEXT_MAX, flag, id, repeated, timestamp } from './common.schema.js';
import { envelope, numberedPage, pageFacts } from './envelope.schema.js';
import { job, jobStatus, taskName } from './job.schema.js';
import { operation } from './operation.js';

const emailPart = z
  .string()
  .normalize('NFC')
  .trim()
  .min(1)
  .max(EMAIL_TEXT_MAX)
  .meta({ description: 'Part of the e-mail', example: 'example.com' });
const role = z.enum(['user', 'admin']);

/** An account as admins see it. */
export const account = z
  .object({
    id,
    name: z.string().nullable(),
    surname: z.string().nullable(),
    email: z.string(),
    role,
    tokens: credits,
    disabled: z.boolean().meta({ description: 'The account cannot sign in, and its tokens are rejected' }),
    deleted: z.boolean(),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'AdminUser' });

const ownedJob = job
  .extend({ user: z.object({ id, email: z.string().nullable().meta({ description: 'null: deleted' }) }) })
  .meta({ id: 'AdminJob' });

/** Lists of all accounts and jobs. */
export const adminListOperations = {
  users: operation({
    method: 'get',
    path: '/api/admin/users',
    operationId: 'listUsers',
    summary: 'Accounts, newest first',
    description: 'Every request is recorded in the audit log.',
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    query: z.strictObject({
      ...numberedPage(50),
      email: emailPart.optional(),
      search: emailPart
        .optional()
        .meta({ description: 'Part of the e-mail, or of name and surname', example: 'ada' }),
      role: role.optional(),
      disabled: flag.optional(),
      includeDeleted: flag.optional(),
    }),
    responses: [
      {
        status: 200,
        description: 'One page of accounts',
        schema: envelope(
          'Users retrieved successfully',
          z.object({ users: z.array(account), ...pageFacts }),
        ).meta({ id: 'AdminUserList' }),
      },
    ],
  }),
  jobs: operation({
    method: 'get',
    path: '/api/admin/jobs',
    operationId: 'listAllJobs',
    summary: 'Jobs of all users, newest first',
    description:
      'Every request is recorded in the audit log. Result links are omitted: only the owner gets them.',
    tag: 'Administration',
    access: 'admin',
    scope: 'admin',
    query: z.strictObject({
      ...numberedPage(50),
      id: repeated(id).optional(),
      userId: id.optional(),
      datasetId: id.optional(),
      batchId: id.optional(),
      email: emailPart.optional(),
      status: repeated(jobStatus).optional(),
      task: taskName.optional(),
      createdAfter: timestamp.optional(),
      createdBefore: timestamp.optional(),
    }),
    responses: [
      {
        status: 200,
        description: 'One page of jobs',
        schema: envelope(
          'Jobs retrieved successfully',
          z.object({ jobs: z.array(ownedJob), ...pageFacts }),
        ).meta({ id: 'AdminJobList' }),
      },
    ],
  }),
};
