import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { kebabName, pascalName } from '../../../scripts/database/names.js';

describe('names of migrations and entities', () => {
  it.each([
    ['AddUserAge', 'add-user-age'],
    ['add_user_age', 'add-user-age'],
    ['add-user-age', 'add-user-age'],
    ['Tag', 'tag'],
  ])('%s is %s', (given, expected) => expect(kebabName(given)).toBe(expected));

  it.each(['', '../x', 'a b', '1a', 'ä'])('%j is none', (given) => expect(kebabName(given)).toBeNull());

  it('entities are in Pascal case', () => expect(pascalName('user-note')).toBe('UserNote'));
});

describe('npm run script', () => {
  const run = (args: readonly string[], script?: string) =>
    spawnSync(process.execPath, [path.resolve('scripts', 'script.mjs'), ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...(script !== undefined && { script }) },
    });

  it('takes the name as argument or from the variable, with or without its extension', () => {
    for (const { status, stdout } of [run(['storage', '--help']), run(['--help'], 'storage.ts')]) {
      expect(stdout).toContain('npm run storage -- check');
      expect(status).toBe(0);
    }
  });

  it.each(['process-nothing.ts', '../server', ''])('lists the scripts when there is no %j', (name) => {
    const { status, stderr } = run([], name);
    expect(status).toBe(2);
    expect(stderr).toMatch(/Usage: npm run script -- NAME/);
    expect(stderr).toContain('storage');
  });
});
