import { z } from 'zod';
import { DEVELOPMENT_ADMIN } from '../../src/config/environment.js';
import type { OpenApiDocument } from '../../src/schemas/openapi.js';
import { FLOW, type FlowStep } from './flow.js';

const SCHEMA = 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json';

type JsonSchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly example?: unknown;
  readonly examples?: readonly unknown[];
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly contentMediaType?: string;
};

const operationShape = z.object({
  operationId: z.string(),
  summary: z.string().optional(),
  description: z.string().optional(),
  security: z.array(z.unknown()).optional(),
  requestBody: z
    .object({ content: z.record(z.string(), z.object({ schema: z.custom<JsonSchema>().optional() })) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});

/** An operation of the document with its path and method. */
interface Found extends z.infer<typeof operationShape> {
  readonly method: string;
  readonly path: string;
}

function findOperation(document: OpenApiDocument, operationId: string): Found {
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [method, value] of Object.entries(item as Record<string, unknown>)) {
      const parsed = operationShape.safeParse(value);
      if (parsed.success && parsed.data.operationId === operationId) return { ...parsed.data, method, path };
    }
  }
  throw new Error(`The document has no operation ${operationId}.`);
}

function resolve(document: OpenApiDocument, schema: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.split('/').at(-1) ?? '';
  const found = (document.components?.schemas as Record<string, JsonSchema> | undefined)?.[name];
  if (!found) throw new Error(`The document has no schema ${name}.`);
  return resolve(document, found);
}

/** An example value for a schema: its example, default or first choice; undefined for optional values without any. */
function exampleOf(document: OpenApiDocument, given: JsonSchema): unknown {
  const schema = resolve(document, given);
  const known = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.enum?.[0];
  if (known !== undefined || schema.properties === undefined) return known;
  const entries = Object.entries(schema.properties).map(([name, property]) => [
    name,
    exampleOf(document, property),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** Fields of a body; values of the step replace the examples. */
function bodyOf(document: OpenApiDocument, schema: JsonSchema, step: FlowStep): Record<string, unknown> {
  const example = exampleOf(document, schema);
  const fields = { ...(typeof example === 'object' && example), ...step.body };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function presentBody(document: OpenApiDocument, { requestBody }: Found, step: FlowStep) {
  const content = requestBody?.content ?? {};
  const json = content['application/json']?.schema;
  const form = content['multipart/form-data']?.schema;
  if (json) {
    const raw = JSON.stringify(bodyOf(document, json, step), null, 2);
    return { mode: 'raw', raw, options: { raw: { language: 'json' } } };
  }
  if (!form) return undefined;
  const properties = resolve(document, form).properties ?? {};
  const fields = Object.entries(step.body ?? {}).map(([key, value]) => ({
    key,
    type: 'text',
    value: String(value),
  }));
  const files = Object.keys(properties)
    .filter((key) => step.files?.[key] !== undefined)
    .map((key) => ({ key, type: 'file', src: step.files?.[key] }));
  return { mode: 'formdata', formdata: [...fields, ...files] };
}

function presentUrl({ path }: Found, { path: values = {}, query = {} }: FlowStep) {
  const segments = path
    .slice(1)
    .split('/')
    .map((segment) => {
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) return segment;
      if (values[name] === undefined) throw new Error(`${path} needs a value for ${name}.`);
      return values[name];
    });
  const pairs = Object.entries(query);
  const search = pairs.length === 0 ? '' : `?${pairs.map(([key, value]) => `${key}=${value}`).join('&')}`;
  return {
    raw: `{{baseUrl}}/${segments.join('/')}${search}`,
    host: ['{{baseUrl}}'],
    path: segments,
    ...(pairs.length > 0 && { query: pairs.map(([key, value]) => ({ key, value })) }),
  };
}

function authOf({ as }: FlowStep) {
  if (as === undefined) return { type: 'noauth' };
  const value = as === 'admin' ? '{{adminToken}}' : '{{token}}';
  return { type: 'bearer', bearer: [{ key: 'token', value, type: 'string' }] };
}

function testScript({ status, save = {}, script = [] }: FlowStep): string[] {
  const saves = Object.entries(save).map(
    ([name, place]) => `pm.environment.set('${name}', pm.response.json().${place});`,
  );
  return [
    `pm.test('Status is ${status}', () => pm.response.to.have.status(${status}));`,
    ...saves,
    ...script,
  ];
}

function presentStep(document: OpenApiDocument, step: FlowStep) {
  const operation = findOperation(document, step.operationId);
  if (operation.responses[String(step.status)] === undefined)
    throw new Error(`${step.operationId} does not answer ${step.status}.`);
  const body = presentBody(document, operation, step);
  return {
    name: step.name,
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: testScript(step) } }],
    request: {
      auth: authOf(step),
      method: operation.method.toUpperCase(),
      header: body?.mode === 'raw' ? [{ key: 'Content-Type', value: 'application/json' }] : [],
      ...(body && { body }),
      url: presentUrl(operation, step),
      description: [operation.summary, operation.description].filter(Boolean).join('\n\n'),
    },
    response: [],
  };
}

/** Builds the Postman collection from the OpenAPI document. */
export function buildCollection(document: OpenApiDocument) {
  return {
    info: {
      name: 'InferNode Inpainting',
      description:
        'Every route of the inpainting API, and those of the classification engine, in an order in which the whole can be run, from registration to deletion.',
      schema: SCHEMA,
    },
    item: FLOW.map(({ name, steps }) => ({ name, item: steps.map((step) => presentStep(document, step)) })),
  };
}

/** The environment variables of the collection, for a local server. */
export function buildEnvironment() {
  const values: Record<string, string> = {
    baseUrl: 'http://127.0.0.1:3000',
    email: 'mariorossi@example.com',
    password: 'a good password',
    adminEmail: DEVELOPMENT_ADMIN,
    adminPassword: '',
    datasetName: 'Inpainting dataset',
    modelId: 'default_inpainting',
    token: '',
    adminToken: '',
    userId: '',
    inferenceId: '',
    jobId: '',
    resultFile: '',
  };
  return {
    name: 'InferNode local',
    values: Object.entries(values).map(([key, value]) => ({
      key,
      value,
      type: /password|token/i.test(key) ? 'secret' : 'default',
      enabled: true,
    })),
    _postman_variable_scope: 'environment',
  };
}
