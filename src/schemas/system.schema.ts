import { z } from 'zod';
import {
  HEALTH_PATH,
  LIVENESS_PATH,
  OPENAPI_PATH,
  READINESS_PATH,
  VERSIONED_HEALTH_PATH,
} from '../domain/api-paths.js';
import { timestamp } from './common.schema.js';
import { operation } from './operation.js';

const health = z.object({ status: z.literal('Server is working!'), timestamp }).meta({ id: 'Health' });

const dependency = z.object({ ok: z.boolean(), durationMs: z.number() });
const dependencies = z
  .object({
    status: z.enum(['ok', 'degraded']),
    timestamp,
    database: dependency,
    redis: dependency.nullable().meta({ description: 'null where the queue is in PostgreSQL' }),
  })
  .meta({ id: 'DependencyHealth' });

const liveness = z.object({ status: z.literal('ok') }).meta({ id: 'Liveness' });

const readiness = z
  .object({
    status: z.enum(['ready', 'not ready']),
    checks: z.record(
      z.string(),
      z.object({
        ok: z.boolean(),
        durationMs: z.number(),
        reason: z.string().optional().meta({ description: 'Shown to admins only' }),
      }),
    ),
  })
  .meta({ id: 'Readiness' });

const welcome = z
  .object({ name: z.literal('InferNode'), version: z.string(), links: z.record(z.string(), z.string()) })
  .meta({ id: 'Welcome' });

const system = (path: string, operationId: string, summary: string) =>
  ({ method: 'get', path, operationId, summary, tag: 'System', access: 'public' }) as const;

/** Probes of load balancers, which must never be rejected, so they are exempt from rate limits. */
export const UNLIMITED_PATHS: ReadonlySet<string> = new Set([
  LIVENESS_PATH,
  READINESS_PATH,
  '/health',
  HEALTH_PATH,
  VERSIONED_HEALTH_PATH,
]);

/** Health, documentation and the index page. */
export const systemOperations = {
  welcome: operation({
    ...system('/', 'welcome', 'Name of the product and links to its pages'),
    responses: [{ status: 200, description: 'Links', schema: welcome }],
  }),
  health: operation({
    ...system(HEALTH_PATH, 'health', 'Whether the server responds'),
    responses: [{ status: 200, description: 'It does', schema: health }],
  }),
  healthShort: operation({
    ...system('/health', 'healthShort', 'Same as `/api/health`'),
    responses: [{ status: 200, description: 'It does', schema: health }],
  }),
  healthVersioned: operation({
    ...system(
      VERSIONED_HEALTH_PATH,
      'healthVersioned',
      'Whether database and Redis respond within two seconds',
    ),
    responses: [
      { status: 200, description: 'They do', schema: dependencies },
      {
        status: 503,
        description: 'One of them does not: `degraded`',
        schema: dependencies,
        headers: { 'Retry-After': 'Seconds after which to retry' },
      },
    ],
  }),
  livez: operation({
    ...system(LIVENESS_PATH, 'livez', 'Whether the process is alive'),
    responses: [{ status: 200, description: 'It does', schema: liveness }],
  }),
  readyz: operation({
    ...system(READINESS_PATH, 'readyz', 'Whether database, queue, disk and networks are ready'),
    responses: [
      { status: 200, description: 'Ready', schema: readiness },
      {
        status: 503,
        description: 'Not ready',
        schema: readiness,
        headers: { 'Retry-After': 'Seconds after which to retry' },
      },
    ],
  }),
  document: operation({
    ...system(OPENAPI_PATH, 'openApiDocument', 'This document'),
    responses: [{ status: 200, description: 'OpenAPI 3.1', schema: z.record(z.string(), z.unknown()) }],
  }),
};
