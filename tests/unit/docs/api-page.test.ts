import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ERROR_CODES, isErrorCode } from '../../../src/errors/codes.js';
import { STATUS_OF_KIND } from '../../../src/middlewares/problem.js';
import { allOperations, toOpenApiPath } from '../../../src/schemas/openapi.js';

const page = readFileSync(path.resolve('docs', 'api.md'), 'utf8');

/** Paths that are no business of API clients or that the page shows in another way. */
const UNLISTED = new Set(['/', '/api/openapi.json', '/api/admin/sign-out']);

describe('docs/api.md', () => {
  const paths = [...new Set(allOperations.map((operation) => toOpenApiPath(operation.path)))];

  it.each(paths.filter((name) => !UNLISTED.has(name)))('names the route %s', (name) => {
    expect(page.includes(`${name}\``)).toBe(true);
  });

  it('gives every error code the status that it has', () => {
    const errors = /\n## Errors\n(.*?)\n## /s.exec(page)?.[1] ?? '';
    const rows = [...errors.matchAll(/^\| ([\d, ]+) \| (`.+?`) \|/gm)];
    const given = rows.flatMap(([, statuses, codes]) =>
      [...codes.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => ({ code, statuses: statuses.split(', ') })),
    );
    expect(given.length).toBeGreaterThan(40);
    for (const { code, statuses } of given) {
      if (!isErrorCode(code)) throw new Error(`${code} is no error code`);
      expect({ code, statuses }).toEqual({
        code,
        statuses: expect.arrayContaining([String(STATUS_OF_KIND[ERROR_CODES[code].kind])]),
      });
    }
  });
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

describe('api page', () => {
  it('links between the pages lead somewhere', () => {
    const broken = links().filter(([page, target]) => !existsSync(path.join(path.dirname(page), target)));
    expect(broken).toEqual([]);
  });
});
