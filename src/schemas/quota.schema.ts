import { z } from 'zod';
import { idParams, timestamp } from './common.schema.js';
import { ADMIN, operation } from './operation.js';
import { json } from './request-body.js';

const MAX_BYTES = Number.MAX_SAFE_INTEGER;
const MAX_COUNT = 1_000_000;

const limit = z.number().int().nullable().meta({ description: 'null: no limit' });
const left = z.number().int().nullable().meta({ description: 'null: no limit' });
const bytes = z.object({
  limitBytes: limit,
  usedBytes: z.number().int(),
  reservedBytes: z.number().int().meta({ description: 'Announced sizes of uploads that are being received' }),
  leftBytes: left,
});
const count = z.object({ limit, used: z.number().int(), left });

const quota = z
  .object({
    storage: bytes.meta({
      description:
        'Files of all datasets that are not deleted, and recordings of live sessions until their job has ended',
    }),
    uploadPerDay: bytes.extend({ resetsAt: timestamp.meta({ description: 'The next 07:00 UTC' }) }),
    waitingJobs: count,
    runningJobs: count.meta({ description: 'Further jobs wait' }),
    requestsPerMinute: z.object({ limit, left }),
    weight: z.number().int().meta({ description: 'Jobs that start per turn, compared with other users' }),
  })
  .meta({ id: 'UserQuota' });

const LIMITS = {
  storageBytes: MAX_BYTES,
  uploadBytesPerDay: MAX_BYTES,
  waitingJobs: MAX_COUNT,
  runningJobs: MAX_COUNT,
  requestsPerMinute: MAX_COUNT,
} as const;

const description = 'null: as in the settings; 0: no limit';
const overrides = z.object({
  storageBytes: z.number().int().min(0).max(LIMITS.storageBytes).nullable().meta({ description }),
  uploadBytesPerDay: z.number().int().min(0).max(LIMITS.uploadBytesPerDay).nullable().meta({ description }),
  waitingJobs: z.number().int().min(0).max(LIMITS.waitingJobs).nullable().meta({ description }),
  runningJobs: z.number().int().min(0).max(LIMITS.runningJobs).nullable().meta({ description }),
  requestsPerMinute: z.number().int().min(0).max(LIMITS.requestsPerMinute).nullable().meta({ description }),
  weight: z.number().int().min(1).max(100).nullable().meta({ description: 'null: 1', example: 2 }),
});

const limitsOfUser = z
  .object({
    userId: z.uuid(),
    overrides,
    limits: z
      .record(z.string(), z.number())
      .meta({ description: 'The limits that apply, by name; 0: no limit' }),
  })
  .meta({ id: 'UserLimits' });

const responses = [{ status: 200, description: 'The limits', schema: limitsOfUser }];

const administration = { tag: 'Administration', ...ADMIN } as const;

/** Quotas of the caller, and limits of single users. */
export const quotaOperations = {
  quota: operation({
    method: 'get',
    path: '/api/user/quota',
    operationId: 'getQuota',
    summary: 'What the caller may use and has used',
    tag: 'Users',
    access: 'user',
    scope: 'account:read',
    responses: [{ status: 200, description: 'Limits, usage and what is left', schema: quota }],
  }),
  limits: operation({
    method: 'get',
    path: '/api/admin/users/:id/limits',
    operationId: 'getUserLimits',
    summary: 'Limits of a user',
    ...administration,
    params: idParams,
    responses,
    errors: [404],
  }),
  setLimits: operation({
    method: 'put',
    path: '/api/admin/users/:id/limits',
    operationId: 'setUserLimits',
    summary: 'Change limits of a user',
    description:
      'Limits that are not sent stay as they are. Lower limits refuse new uploads, jobs and requests; nothing that exists is removed.',
    ...administration,
    params: idParams,
    body: json(z.strictObject(overrides.partial().shape).meta({ id: 'NewUserLimits' })),
    audited: [...Object.keys(overrides.shape)],
    responses,
    errors: [404],
  }),
};
