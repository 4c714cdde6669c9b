import { z } from 'zod';
import { id as userId, timestamp } from './common.schema.js';
import { numberedPage, pageFacts } from './envelope.schema.js';
import { networkId } from './network-ref.schema.js';
import { ADMIN, operation } from './operation.js';
import { json } from './request-body.js';

const MAX_USERS = 1000;

const networkRights = z
  .object({
    id: networkId,
    restricted: z.boolean().meta({ description: 'false: everybody may use it' }),
    userIds: z.array(userId).meta({ description: 'Users who may use it, besides admins' }),
    updatedAt: timestamp.nullable(),
  })
  .meta({ id: 'NetworkRights' });

const change = z
  .strictObject({
    restricted: z.boolean(),
    userIds: z
      .array(userId)
      .max(MAX_USERS)
      .default([])
      .transform((ids) => [...new Set(ids)]),
  })
  .refine(({ restricted, userIds }) => restricted || userIds.length === 0, {
    path: ['userIds'],
    message: 'must be empty unless the network is restricted',
  })
  .meta({ id: 'NetworkRightsChange' });

const about = { tag: 'Administration', ...ADMIN } as const;
const one = { path: '/api/admin/models/:id/rights', params: z.strictObject({ id: networkId }) };
const responses = [{ status: 200, description: 'The rights', schema: networkRights }];

/** Who may use which network. */
export const networkRightOperations = {
  list: operation({
    ...about,
    method: 'get',
    path: '/api/admin/models/rights',
    operationId: 'listNetworkRights',
    summary: 'Restricted networks, by id',
    query: z.strictObject(numberedPage(50)),
    responses: [
      {
        status: 200,
        description: 'One page; networks that are not listed are open to everybody',
        schema: z.object({ data: z.array(networkRights), ...pageFacts }).meta({ id: 'NetworkRightsList' }),
      },
    ],
  }),
  get: operation({
    ...about,
    ...one,
    method: 'get',
    operationId: 'getNetworkRights',
    summary: 'Who may use a network',
    responses,
  }),
  set: operation({
    ...about,
    ...one,
    method: 'put',
    operationId: 'setNetworkRights',
    summary: 'Restrict a network to admins and some users, or open it to everybody',
    description:
      'For other users the network does not exist: in lists, quotes, new jobs, synchronous inference, `/v2` and live sessions. Jobs and sessions that were created before continue. The network need not be installed yet.',
    body: json(change),
    audited: ['restricted', 'userIds'],
    responses,
  }),
};
