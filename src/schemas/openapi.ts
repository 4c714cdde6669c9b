import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { accountAdminOperations } from './account-admin.schema.js';
import { accountOperations } from './account.schema.js';
import { administrationOperations } from './administration.schema.js';
import { adminSessionOperations } from './admin-session.schema.js';
import { SCOPES } from '../domain/scopes.js';
import { apiKeyOperations } from './api-key.schema.js';
import { authOperations } from './auth.schema.js';
import { bulkJobOperations } from './bulk-jobs.schema.js';
import { classificationOperations } from './classification.schema.js';
import { problem } from './common.schema.js';
import { datasetArchiveOperations } from './dataset-archive.schema.js';
import { datasetOperations } from './dataset.schema.js';
import { dreamOperations } from './dream.schema.js';
import { inferenceOperations } from './inference.schema.js';
import { inpaintingOperations } from './inpainting.schema.js';
import { jobOperations } from './job.schema.js';
import { mediaProcessOperations } from './media-process.schema.js';
import { mediaOperations } from './media.schema.js';
import { resultMediaOperations } from './result-media.schema.js';
import { namedDatasetOperations } from './named-dataset.schema.js';
import { networkRightOperations } from './network-right.schema.js';
import { networkOperations } from './network.schema.js';
import { openInferenceOperations } from './open-inference.schema.js';
import { requestBodyOf, responseContentOf } from './openapi-bodies.js';
import { OPENAPI_TAGS } from './openapi-tags.js';
import { JSON_LENGTH_HEADER, IDEMPOTENCY_HEADER, type ErrorResponse, type Operation } from './operation.js';
import { oidcOperations } from './oidc.schema.js';
import { passwordPageOperations } from './password-page.schema.js';
import { priceOperations } from './price.schema.js';
import { quotaOperations } from './quota.schema.js';
import { realtimeOperations } from './realtime.schema.js';
import { schedulingOperations } from './scheduling.schema.js';
import { servoOperations } from './servo.schema.js';
import { trashOperations } from './trash.schema.js';
import { metricsOperations } from './metrics.schema.js';
import { systemOperations, UNLIMITED_PATHS } from './system.schema.js';
import { userSessionOperations } from './user-session.schema.js';
import { tusOperations } from './tus.schema.js';
import { importOperations } from './import.schema.js';
import { uploadOperations } from './upload.schema.js';
import { userOperations } from './user.schema.js';
import { WEBHOOK_HEADERS, WEBHOOK_MESSAGES } from './webhook-message.schema.js';
import { webhookOperations } from './webhook.schema.js';

/** All operations of the API, in the order of the documentation. */
export const allOperations: readonly Operation[] = [
  authOperations,
  userSessionOperations,
  oidcOperations,
  passwordPageOperations,
  apiKeyOperations,
  userOperations,
  quotaOperations,
  priceOperations,
  datasetOperations,
  datasetArchiveOperations,
  uploadOperations,
  importOperations,
  mediaOperations,
  resultMediaOperations,
  tusOperations,
  dreamOperations,
  inferenceOperations,
  classificationOperations,
  networkOperations,
  networkRightOperations,
  jobOperations,
  webhookOperations,
  bulkJobOperations,
  trashOperations,
  servoOperations,
  accountOperations,
  namedDatasetOperations,
  inpaintingOperations,
  administrationOperations,
  accountAdminOperations,
  mediaProcessOperations,
  schedulingOperations,
  openInferenceOperations,
  realtimeOperations,
  metricsOperations,
  systemOperations,
  adminSessionOperations,
].flatMap((group): Operation[] => Object.values<Operation>(group));

const DESCRIPTION = `Self-hosted inference for image and video models.

Errors are \`application/problem+json\` (RFC 9457) with a stable \`code\`, the \`requestId\` and all problems with the input in \`errors\`.
Insufficient credits are reported as 401 with \`code: INSUFFICIENT_CREDITS\`; only responses to an invalid token have \`WWW-Authenticate\`.
Resources of other users return 404. POST requests that are charged accept \`Idempotency-Key\` and \`?dryRun=true\`.`;

const KEY_DESCRIPTION = `An API key (\`/api/keys\`); \`Authorization: Api-Key <key>\` is accepted as well. Each operation names the scope that it needs; a missing scope is 403 \`SCOPE_MISSING\`. Operations without \`apiKeyAuth\` need an access token.

${Object.entries(SCOPES)
  .map(([name, meaning]) => `- \`${name}\`: ${meaning}`)
  .join('\n')}`;

/** Path in OpenAPI notation: `/a/:id` becomes `/a/{id}`. */
export function toOpenApiPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

const statusOf = (error: ErrorResponse): number => (typeof error === 'number' ? error : error.status);

function errorStatuses(operation: Operation): number[] {
  const takesBody = operation.body.kind !== 'none';
  const hasInput = takesBody || operation.params !== undefined || operation.query !== undefined;
  const statuses = [
    ...(hasInput ? [400] : []),
    // Long bodies are spilled to disk while they arrive.
    ...(takesBody ? [408, 413, 415, 507] : []),
    ...(operation.access === 'public' ? [] : [401]),
    // The scope of an API key may be missing, or its addresses may exclude the client's.
    ...(operation.access === 'public' ? [] : [403]),
    ...(operation.idempotent ? [401, 409, 422] : []),
    ...(operation.errors ?? []).map(statusOf),
    ...(UNLIMITED_PATHS.has(operation.path) ? [] : [429]),
    500,
    // Operations that need neither a token nor stored data do not use the database.
    ...(operation.access === 'public' && !takesBody ? [] : [503]),
  ];
  const taken = new Set(operation.responses.map(({ status }) => status));
  return [...new Set(statuses)].filter((status) => !taken.has(status)).sort((a, b) => a - b);
}

/** Statuses with a `Retry-After` header. */
const RETRY_STATUSES = new Set([429, 503]);

function problemResponse(operation: Operation, status: number) {
  const others = (operation.errors ?? []).flatMap((error) =>
    typeof error === 'object' && error.status === status
      ? [[error.alsoAs, { schema: { type: 'string' as const } }] as const]
      : [],
  );
  return {
    description: ERROR_DESCRIPTIONS[status] ?? 'Error',
    ...(RETRY_STATUSES.has(status) && { headers: retryAfterHeader }),
    content: { 'application/problem+json': { schema: problem }, ...Object.fromEntries(others) },
  };
}

const retryAfterHeader = {
  'Retry-After': {
    description: 'Seconds after which a retry may succeed',
    schema: { type: 'integer' as const, minimum: 1 },
  },
};

const ERROR_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The input is malformed; `errors` lists every problem',
  401: 'No valid token or wrong credentials, or not enough credits (`INSUFFICIENT_CREDITS`)',
  403: 'Not allowed',
  404: 'The resource does not exist or belongs to another user',
  408: 'The body stalled or arrived too slowly',
  409: 'Conflict with the current state of the resource',
  410: 'The resource has ended',
  412: 'The resource has changed since the version in `If-Match`',
  413: 'Larger than a limit',
  415: 'The content type is not supported',
  416: 'The requested range is outside of the file',
  422: 'The input is well-formed but cannot be processed',
  429: 'Too many requests; see `Retry-After`',
  460: 'The checksum of the body is another one; its bytes are not kept',
  500: 'Internal error of the server',
  503: 'Temporarily unavailable; see `Retry-After`',
  507: 'The server has no disk space left',
};

function headersOf(headers: Readonly<Record<string, string>>) {
  const documented = ([name, description]: [string, string]) =>
    [name, { description, schema: { type: 'string' as const } }] as const;
  return Object.fromEntries(Object.entries(headers).map(documented));
}

function responsesOf(operation: Operation): RouteConfig['responses'] {
  const responses: RouteConfig['responses'] = {};
  for (const response of operation.responses) {
    const content = responseContentOf(response);
    responses[String(response.status)] = {
      description: response.description,
      ...(Object.keys(content).length > 0 && { content }),
      ...(response.headers && { headers: headersOf(response.headers) }),
    };
  }
  for (const status of errorStatuses(operation)) {
    responses[String(status)] = problemResponse(operation, status);
  }
  return responses;
}

const idempotencyHeader = {
  name: IDEMPOTENCY_HEADER,
  in: 'header' as const,
  required: false,
  description:
    'Makes retries safe for 24 hours: a repeat gets the stored response with `Idempotency-Replayed: true`',
  schema: { type: 'string' as const, minLength: 1, maxLength: 255 },
};

const frameHeader = {
  name: JSON_LENGTH_HEADER,
  in: 'header' as const,
  required: false,
  description: 'Length of the JSON in bytes if binary tensors follow it; by default the whole body',
  schema: { type: 'integer' as const, minimum: 0 },
};

function parametersOf(operation: Operation) {
  return [
    ...(operation.idempotent ? [idempotencyHeader] : []),
    ...(operation.body.kind === 'framed' ? [frameHeader] : []),
  ];
}

function securityOf(operation: Operation): Record<string, string[]>[] {
  if (operation.access === 'public') return [];
  const scopes = operation.scope === 'any-key' ? [] : [operation.scope];
  return [
    { bearerAuth: [] },
    // OpenAPI 3.1 allows names of roles and scopes with every type of scheme.
    ...(operation.scope === 'no-key' ? [] : [{ apiKeyAuth: scopes }]),
    ...(operation.access === 'link' ? [{ signedLink: [] }] : []),
  ];
}

function toRoute(operation: Operation): RouteConfig {
  return {
    method: operation.method,
    path: toOpenApiPath(operation.path),
    operationId: operation.operationId,
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    tags: [operation.tag],
    security: securityOf(operation),
    ...(parametersOf(operation).length > 0 && { parameters: parametersOf(operation) }),
    request: {
      params: operation.params,
      query: operation.query,
      body: requestBodyOf(operation.body),
    },
    responses: responsesOf(operation),
  };
}

/** A message that the server sends to an endpoint. */
const toWebhook = ({ type, summary, schema }: (typeof WEBHOOK_MESSAGES)[number]): RouteConfig => ({
  method: 'post',
  path: type,
  operationId: type.replace('.', '-'),
  summary,
  tags: ['Webhooks'],
  parameters: WEBHOOK_HEADERS,
  request: { body: { required: true, content: { 'application/json': { schema } } } },
  responses: {
    '2XX': { description: 'The message is delivered; any other status is retried for 24 hours' },
    '410': { description: 'The endpoint is gone and gets disabled' },
  },
});

/** Builds the OpenAPI 3.1 document from the schemas that also validate. */
export function buildOpenApiDocument({ version, url = '/' }: { version: string; url?: string }) {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearerAuth', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  registry.registerComponent('securitySchemes', 'apiKeyAuth', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: KEY_DESCRIPTION,
  });
  registry.registerComponent('securitySchemes', 'signedLink', {
    type: 'apiKey',
    in: 'query',
    name: 'signature',
    description: 'Signature of a `download_url`, sent unchanged; it expires after 15 minutes',
  });
  allOperations.forEach((operation) => registry.registerPath(toRoute(operation)));
  WEBHOOK_MESSAGES.forEach((message) => registry.registerWebhook(toWebhook(message)));
  return new OpenApiGeneratorV31(registry.definitions, { sortComponents: 'alphabetically' }).generateDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'InferNode',
        version,
        description: DESCRIPTION,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url }],
      tags: OPENAPI_TAGS.map((tag) => ({ ...tag })),
    },
  );
}

/** Type of the document built by {@link buildOpenApiDocument}. */
export type OpenApiDocument = ReturnType<typeof buildOpenApiDocument>;
