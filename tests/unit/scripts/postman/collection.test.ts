import { readFileSync } from 'node:fs';
import path from 'node:path';
import { buildCollection, buildEnvironment } from '../../../../scripts/postman/collection.js';
import { FLOW } from '../../../../scripts/postman/flow.js';
import { allOperations, buildOpenApiDocument } from '../../../../src/schemas/openapi.js';

const stored = (name: string): unknown => JSON.parse(readFileSync(path.resolve('postman', name), 'utf8'));

describe('the Postman collection', () => {
  const collection = buildCollection(buildOpenApiDocument({ version: 'any' }));

  it('in the repository is the one that the document gives now', () => {
    expect(stored('InferNode Inpainting.postman_collection.json')).toEqual(
      JSON.parse(JSON.stringify(collection)),
    );
    expect(stored('InferNode local.postman_environment.json')).toEqual(buildEnvironment());
  });

  it('calls every route of the inpainting API', () => {
    const called = new Set(FLOW.flatMap(({ steps }) => steps.map(({ operationId }) => operationId)));
    const wanted = allOperations
      .filter(({ path: route }) => /^\/api\/(users|datasets|inferences)/.test(route))
      .map(({ operationId }) => operationId);
    expect(wanted.length).toBeGreaterThanOrEqual(20);
    expect(wanted.filter((operationId) => !called.has(operationId))).toEqual([]);
  });

  it('calls every route of the classification engine', () => {
    const called = new Set(FLOW.flatMap(({ steps }) => steps.map(({ operationId }) => operationId)));
    const wanted = allOperations
      .filter(({ tag }) => tag === 'Classification')
      .map(({ operationId }) => operationId);
    expect(wanted.length).toBeGreaterThanOrEqual(7);
    expect(wanted.filter((operationId) => !called.has(operationId))).toEqual([]);
  });

  it('uses only variables that the environment has', () => {
    const used = new Set([...JSON.stringify(collection).matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name));
    const known = new Set(buildEnvironment().values.map(({ key }) => key));
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
  });
});
