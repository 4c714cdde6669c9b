import { z } from 'zod';
import { PRIORITY } from '../domain/repositories/schedule.repository.js';
import { idParams, lineOfText, timestamp } from './common.schema.js';
import { envelope } from './envelope.schema.js';
import { job, taskName } from './job.schema.js';
import { ADMIN, operation } from './operation.js';
import { json } from './request-body.js';

const REASON_LENGTH = 500;

/** Rank of a job among the waiting jobs of its user. */
export const priority = z.number().int().min(PRIORITY.min).max(PRIORITY.max).meta({
  description: "Among the user's waiting jobs those with the highest priority start first, then the oldest",
  example: 0,
});

const taskState = z
  .object({
    task: taskName,
    waiting: z.number().int(),
    running: z.number().int(),
    paused: z
      .object({ acceptsJobs: z.boolean(), reason: z.string().nullable(), pausedAt: timestamp })
      .nullable()
      .meta({ description: 'null: jobs of the task are started' }),
  })
  .meta({ id: 'TaskState' });

const taskParams = z.strictObject({ task: taskName });
const oneTask = (message: string) => [
  {
    status: 200,
    description: 'The task',
    schema: envelope(message, z.object({ task: taskState })),
  },
];

const administration = { tag: 'Administration', ...ADMIN } as const;

/** The order of waiting jobs, and pausing of tasks. */
export const schedulingOperations = {
  setPriority: operation({
    method: 'put',
    path: '/api/jobs/:id/priority',
    operationId: 'setJobPriority',
    summary: 'Change the priority of a waiting job',
    description:
      'Users take turns, whatever the priorities of their jobs are. `queuePosition` tells the new place in the queue.',
    tag: 'Jobs',
    access: 'user',
    scope: 'jobs:write',
    params: idParams,
    body: json(z.strictObject({ priority }).meta({ id: 'JobPriority' })),
    responses: [{ status: 200, description: 'The job', schema: job }],
    errors: [404, 409],
  }),
  promote: operation({
    method: 'post',
    path: '/api/admin/jobs/:id/next',
    operationId: 'promoteJob',
    summary: 'Make a waiting job the next one to start',
    description: 'It starts before the jobs of all users; several such jobs take turns by user.',
    ...administration,
    params: idParams,
    responses: [
      {
        status: 200,
        description: 'The place of the job in the queue',
        schema: envelope(
          'The job is the next one to start',
          z.object({ jobId: z.string(), queuePosition: z.number().int().nullable() }),
        ).meta({ id: 'PromotedJob' }),
      },
    ],
    errors: [404, 409],
  }),
  tasks: operation({
    method: 'get',
    path: '/api/admin/tasks',
    operationId: 'listTaskStates',
    summary: 'Tasks with their waiting and running jobs, and which are paused',
    ...administration,
    responses: [
      {
        status: 200,
        description: 'All tasks',
        schema: envelope('Tasks retrieved successfully', z.object({ tasks: z.array(taskState) })).meta({
          id: 'TaskStates',
        }),
      },
    ],
  }),
  pause: operation({
    method: 'post',
    path: '/api/admin/tasks/:task/pause',
    operationId: 'pauseTask',
    summary: 'Start no more jobs of a task',
    description:
      'Running jobs go on, waiting ones wait. New jobs are accepted and wait, or with `acceptJobs: false` are refused with 503 `TASK_PAUSED`.',
    ...administration,
    params: taskParams,
    body: json(
      z
        .strictObject({ acceptJobs: z.boolean().default(true), reason: lineOfText(REASON_LENGTH).optional() })
        .meta({ id: 'TaskPause' }),
    ),
    audited: ['acceptJobs', 'reason'],
    responses: oneTask('The task is paused'),
  }),
  resume: operation({
    method: 'post',
    path: '/api/admin/tasks/:task/resume',
    operationId: 'resumeTask',
    summary: 'Start jobs of a paused task again',
    description: 'Waiting jobs start within seconds. Idempotent.',
    ...administration,
    params: taskParams,
    responses: oneTask('The task is resumed'),
  }),
};
