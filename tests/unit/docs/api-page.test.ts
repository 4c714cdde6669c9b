import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { allOperations, toOpenApiPath } from '../../../src/schemas/openapi.js';

const page = readFileSync(path.resolve('docs', 'api.md'), 'utf8');

/** Paths that are no business of API clients or that the page shows in another way. */
const UNLISTED = new Set(['/', '/api/openapi.json', '/api/admin/sign-out']);

/** All TypeScript of the product as one text. */
function sources(folder = path.resolve('src')): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join(folder, name), 'utf8'))
    .join('\n');
}

describe('docs/api.md', () => {
  const paths = [...new Set(allOperations.map((operation) => toOpenApiPath(operation.path)))];

  test.each(paths.filter((name) => !UNLISTED.has(name)))('names the route %s', (name) => {
    expect(page.includes(`${name}\``)).toBe(true);
  });

  test('names only error codes that the product has', () => {
    const errors = /\n## Errors\n(.*?)\n## /s.exec(page)?.[1] ?? '';
    const codes = [...errors.matchAll(/`([A-Z][A-Z_]{3,})`/g)].map(([, code]) => code);
    const text = sources();
    expect(codes.length).toBeGreaterThan(40);
    expect(codes.filter((code) => !text.includes(`'${code}'`) && !text.includes(`${code}:`))).toEqual([]);
  });
});

test('every code that the product gives is in the documentation', () => {
  const pages = readdirSync('docs').filter((name) => name.endsWith('.md'));
  const words = new Set(
    pages.flatMap((name) => readFileSync(path.join('docs', name), 'utf8').match(/\w+/g) ?? []),
  );
  const codes = [...sources().matchAll(/code: '([A-Z][A-Z0-9_]{3,})'/g)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(100);
  expect([...new Set(codes)].filter((code) => !words.has(code))).toEqual([]);
});

/** Links between pages, as `[file, target]`; those to other sites and within a page are left out. */
function links(): [string, string][] {
  const pages = ['README.md', 'CONTRIBUTING.md', ...readdirSync('docs').map((name) => `docs/${name}`)];
  return pages
    .filter((name) => name.endsWith('.md'))
    .flatMap((name) =>
      [...readFileSync(name, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, target]): [string, string] => [name, target])
        .filter(([, target]) => !/^[a-z]+:/.test(target)),
    );
}

test('links between the pages lead somewhere', () => {
  const broken = links().filter(([page, target]) => !existsSync(path.join(path.dirname(page), target)));
  expect(broken).toEqual([]);
});
