import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import express from 'express';
import { MemoryBudget } from '../../../../src/lifecycle/memory-budget.js';
import { endpoint, type EndpointGuards } from '../../../../src/middlewares/endpoint.js';
import { uploadReceiver } from '../../../../src/middlewares/multipart.js';
import { imageReceiver } from '../../../../src/middlewares/image-form.js';
import { sendProblem } from '../../../../src/middlewares/error-handler.js';
import { mount } from '../../../../src/routes/mount.js';
import { allOperations, buildOpenApiDocument, toOpenApiPath } from '../../../../src/schemas/openapi.js';
import type { Operation } from '../../../../src/schemas/operation.js';
import { InMemoryIdempotencyRepository } from '../../../fakes/in-memory-idempotency.repository.js';
import { InMemoryStore } from '../../../fakes/in-memory-store.js';

type Schema = Readonly<Record<string, unknown>>;

const document: unknown = JSON.parse(JSON.stringify(buildOpenApiDocument({ version: 'test' })));
const UUID = '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c';

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (...keys: readonly string[]): unknown =>
  keys.reduce((part, key) => (isObject(part) ? part[key] : undefined), document);

/** The objects that a body may be: one, or those of a union. */
function alternatives(schema: unknown): Schema[] {
  if (!isObject(schema)) return [];
  if (typeof schema.$ref === 'string') return alternatives(at(...schema.$ref.slice(2).split('/')));
  const union = [schema.oneOf, schema.anyOf].find(Array.isArray);
  return union ? union.flatMap(alternatives) : [schema];
}

const propertiesOf = ({ properties }: Schema): Schema => (isObject(properties) ? properties : {});

interface DocumentedBody {
  readonly operation: Operation;
  readonly type: string;
  readonly schema: Schema;
}

/** Every object that the document shows as a body, of every type. */
const documented: readonly DocumentedBody[] = allOperations.flatMap((operation) => {
  const content = at('paths', toOpenApiPath(operation.path), operation.method, 'requestBody', 'content');
  return Object.entries(isObject(content) ? content : {}).flatMap(([type, media]) =>
    alternatives(isObject(media) ? media.schema : undefined).map((schema) => ({ operation, type, schema })),
  );
});
const ofType = (...types: readonly string[]) =>
  documented
    .filter(({ type }) => types.includes(type))
    .map((body) => [`${body.operation.method} ${body.operation.path}`, body] as const);

/** Names of fields at any depth: a form may take what is deeper in the JSON. */
function namesIn(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(namesIn);
  if (!isObject(node)) return [];
  if (typeof node.$ref === 'string') return namesIn(at(...node.$ref.slice(2).split('/')));
  return [...Object.keys(propertiesOf(node)), ...Object.values(node).flatMap(namesIn)];
}

const ALL_NAMES = [...new Set(documented.flatMap(({ schema }) => namesIn(schema)))].sort();

let server: Server;
let origin: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'infernode-fields-'));
  const memory = new MemoryBudget(2 ** 24);
  const pace = { idleMs: 60_000, minBytesPerSecond: 0 };
  const places = {
    tempFolder: async () => {
      const place = await mkdtemp(path.join(folder, 'form-'));
      return { path: place, remove: () => rm(place, { recursive: true, force: true }) };
    },
    requireSpace: async () => undefined,
  };
  const principal = { userId: UUID, email: 'a@b.test', role: 'admin' } as const;
  const session = { principal, expiresAt: null };
  const guards: EndpointGuards = {
    authenticator: { admit: async () => session, recheck: async () => session },
    idempotency: new InMemoryIdempotencyRepository(new InMemoryStore()),
    audit: { record: async () => undefined },
    quotas: {
      countRequest: async () => undefined,
      admitUpload: async () => ({ id: UUID, [Symbol.asyncDispose]: async () => undefined }),
    },
    bodies: {
      memory,
      pace,
      spill: places,
      uploads: uploadReceiver({ maxBytes: 1000, pace, ...places }),
      images: imageReceiver({ maxBytes: 1000, pace, memory, ...places }),
    },
  };
  const endpoints = allOperations.map((operation) => endpoint(operation, async () => ({ status: 204 })));
  const app = express().use(mount(endpoints, guards));
  app.use(
    (error: unknown, request: express.Request, response: express.Response, _next: express.NextFunction) =>
      sendProblem(error, request, response),
  );
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true });
});

interface Refusal {
  readonly code: string;
  readonly errors: readonly { readonly pointer: string; readonly code: string }[];
}

/** What is wrong with a body, by the pointers of its fields; a form that is refused as a whole has its code alone. */
async function problemsOf(
  { method, path: route }: Operation,
  body: string | FormData | URLSearchParams,
  type?: string,
): Promise<ReadonlyMap<string, string>> {
  const encoded = new Response(body);
  const bytes = Buffer.from(await encoded.arrayBuffer());
  const request = httpRequest(`${origin}${route.replaceAll(/:\w+/g, UUID)}`, {
    method,
    headers: {
      Authorization: 'Bearer any',
      'Content-Length': bytes.length,
      'Content-Type': type ?? encoded.headers.get('content-type') ?? '',
    },
  }).end(bytes);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await answer.toArray()).toString();
  if (answer.statusCode === 204) return new Map();
  const { code, errors } = JSON.parse(text) as Refusal;
  const issues = errors.map((issue) => [issue.pointer, issue.code] as const);
  return new Map(issues.length > 0 ? issues : [['', code]]);
}

/** Names asked about at once: a form of uploads takes eight texts. */
const AT_ONCE = 8;

/** Those of `names` that a reader does not know. @param ask the problems of a body with these fields */
async function unknownAmong(
  names: readonly string[],
  ask: (names: readonly string[]) => Promise<ReadonlyMap<string, string>>,
): Promise<string[]> {
  const halves = (size: number) => [names.slice(0, size), names.slice(size)];
  if (names.length > AT_ONCE)
    return (await Promise.all(halves(AT_ONCE).map((part) => unknownAmong(part, ask)))).flat();
  const problems = await ask(names);
  if ([...problems.values()].includes('MORE_PROBLEMS') && names.length > 1)
    return (await Promise.all(halves(names.length >> 1).map((part) => unknownAmong(part, ask)))).flat();
  return names.filter((name) => problems.get(`/${name}`) === 'UNKNOWN_FIELD');
}

async function filtered(names: readonly string[], isTaken: (name: string) => Promise<boolean>) {
  const taken = await Promise.all(names.map(isTaken));
  return names.filter((_name, index) => taken[index]);
}

/** Values that tell the alternatives of a union apart. */
const constantsOf = (schema: Schema): Schema =>
  Object.fromEntries(
    Object.entries(propertiesOf(schema)).flatMap(([name, property]) => {
      const values = isObject(property) ? (property.enum ?? [property.const]) : [];
      const only: unknown = Array.isArray(values) && values.length === 1 ? values[0] : undefined;
      return only === undefined ? [] : [[name, only]];
    }),
  );

/** The forms of a field: one, or those of a field that is a file or a text. */
const formsOf = (property: unknown): unknown[] =>
  isObject(property) && Array.isArray(property.anyOf) ? property.anyOf : [property];

const isBinary = (form: unknown): boolean => {
  const inner = isObject(form) && form.type === 'array' ? form.items : form;
  return isObject(inner) && inner.format === 'binary';
};

const isFile = (property: unknown): boolean => formsOf(property).some(isBinary);
const isText = (property: unknown): boolean => formsOf(property).some((form) => !isBinary(form));

/** Texts of which every text field takes one. */
const TEXTS = [
  '1',
  '320',
  'true',
  '{}',
  'video',
  'image',
  'sync',
  'object_detection',
  'cpu',
  'ibvs',
  'use',
  'alpha',
  'scale',
  '{"fx": 500, "fy": 500, "cx": 320, "cy": 240}',
  '[1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1]',
  'a@b.test',
  '01a22beb-7cb0-746d-9530-18d164d69e80',
  'a'.repeat(64),
];

describe('the fields of every body', () => {
  it.each(ofType('application/json'))('are those that its reader takes: JSON of %s', async (_name, body) => {
    const unknown = await unknownAmong(ALL_NAMES, async (names) => {
      const nulls = Object.fromEntries(names.map((name) => [name, null]));
      const sent = JSON.stringify({ ...nulls, ...constantsOf(body.schema) });
      return problemsOf(body.operation, sent, 'application/json');
    });
    const taken = ALL_NAMES.filter((name) => !unknown.includes(name));
    // A protocol that ignores what it does not know says so.
    const open = body.schema.additionalProperties !== false;
    expect(taken).toEqual(open ? ALL_NAMES : Object.keys(propertiesOf(body.schema)).sort());
  });

  it.each(ofType('multipart/form-data', 'application/x-www-form-urlencoded'))(
    'are those that its reader takes: texts of %s',
    async (_name, { operation, type, schema }) => {
      const ask = (names: readonly string[], text: string) => {
        const form = type === 'multipart/form-data' ? new FormData() : new URLSearchParams();
        for (const name of names) form.append(name, text);
        return problemsOf(operation, form);
      };
      const takes = async (name: string): Promise<boolean> => {
        for (const text of TEXTS) {
          const problems = await ask([name], text);
          if (![...problems.keys()].some((pointer) => `${pointer}/`.startsWith(`/${name}/`))) return true;
        }
        return false;
      };
      const unknown = await unknownAmong(ALL_NAMES, (names) => ask(names, TEXTS[0]));
      const known = ALL_NAMES.filter((name) => !unknown.includes(name));
      const taken = await filtered(known, takes);
      const texts = Object.entries(propertiesOf(schema)).filter(([, property]) => isText(property));
      expect(taken).toEqual(texts.map(([name]) => name).sort());
    },
  );

  it.each(ofType('multipart/form-data'))(
    'are those that its reader takes: files of %s',
    async (_name, { operation, schema }) => {
      const taken = await filtered(ALL_NAMES, async (name) => {
        const form = new FormData();
        form.append(name, new Blob(['x']), 'x.bin');
        return (await problemsOf(operation, form)).get('') !== 'TOO_MANY_FILES';
      });
      const files = Object.entries(propertiesOf(schema)).filter(([, property]) => isFile(property));
      // Images may come in any field.
      const anywhere = operation.body.kind === 'json';
      expect(taken).toEqual(anywhere ? ALL_NAMES : files.map(([name]) => name).sort());
      expect(files.length).toBeGreaterThan(0);
    },
  );

  it('covers every operation with a body', () => {
    const covered = new Set(documented.map(({ operation }) => operation.operationId));
    const withBody = allOperations.filter(({ body }) => body.kind !== 'none');
    expect([...covered].sort()).toEqual(withBody.map(({ operationId }) => operationId).sort());
    expect(documented.length).toBeGreaterThan(25);
  });
});
