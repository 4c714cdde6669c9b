import { z } from 'zod';
import { SCOPE_NAMES, SCOPES } from '../domain/scopes.js';
import { id, idParams, lineOfText, timestamp } from './common.schema.js';
import { operation } from './operation.js';
import { json } from './request-body.js';

const MAX_RANGES = 50;
const MAX_RATE = 1_000_000;
/** 30 days. */
const MAX_GRACE_SECONDS = 2_592_000;

const scope = z.enum(SCOPE_NAMES).meta({
  description: Object.entries(SCOPES)
    .map(([name, meaning]) => `\`${name}\`: ${meaning}`)
    .join('. '),
});
const scopes = z
  .array(scope)
  .min(1)
  .transform((names) => SCOPE_NAMES.filter((name) => names.includes(name)))
  .meta({ example: ['datasets:read', 'jobs:read'] });
const name = lineOfText(100).meta({ example: 'Line 3 camera' });
const expiresAt = timestamp
  .transform((text) => new Date(text))
  .nullable()
  .meta({ description: 'When the key stops working; null for never', example: null });
const ipRange = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
    error: 'must be an IP address or a CIDR range such as 192.0.2.0/24',
  })
  .meta({ example: '192.0.2.0/24' });
const ipRanges = z
  .array(ipRange)
  .max(MAX_RANGES)
  .meta({ description: 'Addresses that may use the key; an empty list for all', example: [] });
const rateLimitPerMinute = z
  .number()
  .int()
  .min(1)
  .max(MAX_RATE)
  .nullable()
  .meta({ description: 'Requests per minute; null for no limit of its own', example: null });

const apiKey = z
  .object({
    id,
    name: z.string(),
    scopes: z.array(z.enum(SCOPE_NAMES)),
    expiresAt: timestamp.nullable(),
    ipRanges: z.array(z.string()),
    rateLimitPerMinute: z.number().int().nullable(),
    lastUsedAt: timestamp.nullable().meta({ description: 'Precise to one minute' }),
    previousSecretExpiresAt: timestamp
      .nullable()
      .meta({ description: 'Until when the secret before the last rotation is accepted' }),
    createdAt: timestamp,
  })
  .meta({ id: 'ApiKey' });

const issued = z
  .object({
    apiKey,
    secret: z.string().meta({
      description: 'The key to send, `infk_<id>_<secret>`; shown only in this response',
      example: 'infk_0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c_3nTq0vK8YyUe2bLw7sXhC1rMzPd5Gf9A0kQ4Zt',
    }),
  })
  .meta({ id: 'IssuedApiKey' });
const shown = z.object({ apiKey }).meta({ id: 'ApiKeyAnswer' });

const request = z
  .strictObject({
    name,
    scopes,
    expiresAt: expiresAt.default(null),
    ipRanges: ipRanges.default([]),
    rateLimitPerMinute: rateLimitPerMinute.default(null),
  })
  .meta({ id: 'NewApiKey' });
const changes = z
  .strictObject({
    name: name.optional(),
    scopes: scopes.optional(),
    expiresAt: expiresAt.optional(),
    ipRanges: ipRanges.optional(),
    rateLimitPerMinute: rateLimitPerMinute.optional(),
  })
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    error: 'Give at least one of name, scopes, expiresAt, ipRanges and rateLimitPerMinute.',
  })
  .meta({ id: 'ApiKeyChanges' });
const rotation = z
  .strictObject({
    graceSeconds: z
      .number()
      .int()
      .min(0)
      .max(MAX_GRACE_SECONDS)
      .default(0)
      .meta({ description: 'Seconds for which the old secret stays valid; 0 ends it now' }),
  })
  .meta({ id: 'ApiKeyRotation' })
  .optional();

const about = { tag: 'API keys', access: 'user', scope: 'keys' } as const;

/** API keys of the caller. */
export const apiKeyOperations = {
  create: operation({
    ...about,
    method: 'post',
    path: '/api/keys',
    operationId: 'createApiKey',
    summary: 'Create an API key',
    description:
      'The secret is shown only once. A request with an API key cannot create a key with more scopes, addresses, time or requests than its own. The scope `admin` needs the admin role.',
    body: json(request),
    responses: [{ status: 201, description: 'The key and its secret', schema: issued }],
    errors: [403, 409],
  }),
  list: operation({
    ...about,
    method: 'get',
    path: '/api/keys',
    operationId: 'listApiKeys',
    summary: 'The API keys of the account, oldest first, without secrets',
    responses: [
      {
        status: 200,
        description: 'All keys',
        schema: z
          .object({ data: z.array(apiKey), nextCursor: z.null(), hasMore: z.literal(false) })
          .meta({ id: 'ApiKeyList' }),
      },
    ],
  }),
  get: operation({
    ...about,
    method: 'get',
    path: '/api/keys/:id',
    operationId: 'getApiKey',
    summary: 'One API key, without its secret',
    params: idParams,
    responses: [{ status: 200, description: 'The key', schema: shown }],
    errors: [404],
  }),
  update: operation({
    ...about,
    method: 'patch',
    path: '/api/keys/:id',
    operationId: 'updateApiKey',
    summary: 'Change an API key',
    description: 'Takes effect immediately, also for open WebSockets and streams.',
    params: idParams,
    body: json(changes),
    responses: [{ status: 200, description: 'The changed key', schema: shown }],
    errors: [403, 404],
  }),
  rotate: operation({
    ...about,
    method: 'post',
    path: '/api/keys/:id/rotate',
    operationId: 'rotateApiKey',
    summary: 'Replace the secret of an API key',
    params: idParams,
    body: json(rotation, { optional: true }),
    responses: [{ status: 200, description: 'The key and its new secret', schema: issued }],
    errors: [403, 404],
  }),
  remove: operation({
    ...about,
    method: 'delete',
    path: '/api/keys/:id',
    operationId: 'deleteApiKey',
    summary: 'Delete an API key',
    description: 'Takes effect immediately, also for open WebSockets and streams.',
    params: idParams,
    responses: [{ status: 204, description: 'The key was deleted' }],
    errors: [404],
  }),
};
