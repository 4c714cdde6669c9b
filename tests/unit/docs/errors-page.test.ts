import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { errorsPage } from '../../../scripts/docs/errors-page.js';
import { ERROR_CODES, isErrorCode } from '../../../src/errors/codes.js';
import { ISSUE_CODES } from '../../../src/errors/codes/issues.js';
import { errorReference } from '../../../src/middlewares/error-reference.js';

/** All TypeScript of the product and its commands as one text, without the tables of codes. */
function sources(): string {
  return ['src', 'scripts']
    .flatMap((folder) =>
      readdirSync(path.resolve(folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.startsWith(path.join('errors', 'codes')))
        .map((name) => readFileSync(path.resolve(folder, name), 'utf8')),
    )
    .join('\n');
}

/** Why a frame gave no velocity: a part of results, not an error. */
const REASONS = new Set(['TOO_FEW_POINTS', 'DEGENERATE_POINTS']);

describe('the tables of error codes', () => {
  const text = sources();

  it('have no code that nothing gives', () => {
    const codes = Object.keys(ERROR_CODES);
    expect(codes.length).toBeGreaterThan(150);
    expect(codes.filter((code) => !new RegExp(`'${code}'|^  ${code}: '`, 'm').test(text))).toEqual([]);
  });

  it('have every code that stands beside a message', () => {
    const codes = [...text.matchAll(/code: '([A-Z][A-Z0-9_]{3,})'/g)].map(([, code]) => code);
    const known = (code: string): boolean =>
      isErrorCode(code) || Object.hasOwn(ISSUE_CODES, code) || REASONS.has(code);
    expect(codes.length).toBeGreaterThan(30);
    expect([...new Set(codes)].filter((code) => !known(code))).toEqual([]);
  });

  it('are what docs/errors.md says: npm run docs:errors writes it', () => {
    expect(readFileSync(path.resolve('docs', 'errors.md'), 'utf8')).toBe(errorsPage());
  });

  it('are all on the page', () => {
    const page = errorsPage();
    expect(Object.keys(ERROR_CODES).filter((code) => !page.includes(`<a id="${code}">`))).toEqual([]);
  });

  it('promise 500 for internal errors alone', () => {
    const mistakes = /\n## Internal errors\n(.*?)\n## /s.exec(errorsPage())?.[1] ?? '';
    const statuses = [...mistakes.matchAll(/^\| <a .*?\| (\d+) \|/gm)].map(([, status]) => status);
    expect(statuses.length).toBeGreaterThan(10);
    expect([...new Set(statuses)]).toEqual(['500']);
  });

  it('have a row in the documentation page for the `type` of every error', () => {
    const page = errorReference();
    expect(Object.keys(ERROR_CODES).filter((code) => !page.includes(`<tr id="${code}">`))).toEqual([]);
    expect(page).toContain('Authorization: Bearer &lt;token&gt;');
  });
});
