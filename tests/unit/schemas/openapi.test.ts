import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import { allOperations, buildOpenApiDocument, toOpenApiPath } from '../../../src/schemas/openapi.js';
import type { Operation } from '../../../src/schemas/operation.js';
import { schemaOf } from '../../../src/schemas/request-body.js';

type Schema = Readonly<Record<string, unknown>>;

const document = buildOpenApiDocument({ version: 'test' });
const plain: unknown = JSON.parse(JSON.stringify(document));

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The part of the document at a pointer such as `#/components/schemas/Job`. */
function at(path: readonly string[]): unknown {
  return path.reduce(
    (part: unknown, key) => (isObject(part) || Array.isArray(part) ? Reflect.get(part, key) : undefined),
    plain,
  );
}

/** Every schema of the document that has an example or a default, by its pointer. */
function withExamples(node: unknown, pointer: string): [pointer: string, schema: Schema][] {
  if (typeof node !== 'object' || node === null) return [];
  const own: [string, Schema][] =
    isObject(node) && ('example' in node || 'default' in node) && !pointer.endsWith('/properties')
      ? [[pointer, node]]
      : [];
  const inner = Object.entries(node).flatMap(([key, value]) =>
    ['example', 'default'].includes(key)
      ? []
      : withExamples(value, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
  return [...own, ...inner];
}

/** What Swagger UI fills into the body of a request before anybody has typed anything. */
function sampleOf(schema: unknown): unknown {
  if (!isObject(schema)) return undefined;
  if (typeof schema.$ref === 'string') return sampleOf(at(schema.$ref.slice(2).split('/')));
  if ('example' in schema) return schema.example;
  if ('default' in schema) return schema.default;
  const [first] = [schema.oneOf, schema.anyOf].find(Array.isArray) ?? [];
  if (first !== undefined) return sampleOf(first);
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (schema.type === 'array') return [sampleOf(schema.items)];
  if (schema.type === 'boolean') return true;
  if (schema.type === 'string') return 'string';
  if (schema.type !== 'object') return 0;
  const properties = isObject(schema.properties) ? schema.properties : {};
  return Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, sampleOf(inner)]));
}

function jsonBodyOf(operation: Operation): unknown {
  return at([
    'paths',
    toOpenApiPath(operation.path),
    operation.method,
    'requestBody',
    'content',
    'application/json',
    'schema',
  ]);
}

describe('the OpenAPI document', () => {
  it('has only examples and defaults that their own schemas accept', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema({ ...document, $id: 'openapi' });
    const found = withExamples(plain, '');
    expect(found.length).toBeGreaterThan(80);
    const wrong = found.flatMap(([pointer, schema]) => {
      const validate = ajv.compile({ $ref: `openapi#${encodeURI(pointer)}` });
      // An empty example means that an optional text is left empty, which forms may.
      const values = [schema.example, schema.default].filter((value) => value !== undefined && value !== '');
      return values
        .filter((value) => !validate(value))
        .map((value) => `${pointer}: ${JSON.stringify(value)}`);
    });
    expect(wrong).toEqual([]);
  });

  const withJson = allOperations.filter((operation) => jsonBodyOf(operation) !== undefined);
  it.each(withJson.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    'shows a body that works as it stands: %s',
    (_name, operation) => {
      const sample = sampleOf(jsonBodyOf(operation));
      const { body } = operation;
      expect(schemaOf(body)?.safeParse(sample).error?.issues ?? []).toEqual([]);
      const lists = Object.entries((body.kind === 'json' && body.entries) || {});
      for (const [name, entry] of lists) {
        const given: unknown = isObject(sample) ? (sample[name] ?? []) : undefined;
        expect(z.array(entry).safeParse(given).error?.issues ?? []).toEqual([]);
      }
    },
  );

  it('gives files as binary, in requests and answers', () => {
    const contents = withContents(plain).filter(([type]) => /zip|octet-stream/.test(type));
    expect(contents.length).toBeGreaterThan(8);
    for (const [, { schema }] of contents) expect(schema).toMatchObject({ type: 'string', format: 'binary' });
    const form = at([
      'paths',
      '/api/datasets/data',
      'post',
      'requestBody',
      'content',
      'multipart/form-data',
      'schema',
    ]);
    expect(form).toMatchObject({
      properties: {
        image: { type: 'array', items: { type: 'string', format: 'binary' }, minItems: 1, maxItems: 100 },
        mask: {
          anyOf: [
            { type: 'string', format: 'binary' },
            { anyOf: [{ enum: ['alpha'] }, { $ref: '#/components/schemas/MaskShapes' }] },
          ],
        },
        strict: { default: 'false' },
      },
      required: ['datasetName', 'image'],
    });
  });

  it('says of every group of routes what it is for, and of the two families which to choose', () => {
    const described = new Map((document.tags ?? []).map(({ name, description }) => [name, description]));
    expect([...described.keys()].sort()).toEqual([...new Set(allOperations.map(({ tag }) => tag))].sort());
    for (const name of ['Datasets', 'Datasets by name'])
      expect(described.get(name)).toMatch(/Choose these for/);
  });

  it('promises no limit on requests where none is kept, and no database where none is asked', () => {
    const statuses = (path: string) => Object.keys(at(['paths', path, 'get', 'responses']) ?? {});
    expect(statuses('/livez')).toEqual(['200', '500']);
    expect(statuses('/')).toEqual(['200', '429', '500']);
    expect(statuses('/readyz')).toContain('503');
  });
});

function withContents(node: unknown): [type: string, media: Schema][] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]): [string, Schema][] =>
    key === 'content' && isObject(value)
      ? Object.entries(value).filter((entry): entry is [string, Schema] => isObject(entry[1]))
      : withContents(value),
  );
}
