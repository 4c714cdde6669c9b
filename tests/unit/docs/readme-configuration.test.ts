import { readFileSync } from 'node:fs';
import path from 'node:path';
import { environmentSchema, parseEnvironment } from '../../../src/config/environment.js';

/** A line of the configuration tables: the variable, its default as written, its meaning. */
interface Row {
  readonly name: string;
  readonly written: string;
  readonly meaning: string;
}

const ROW = /^\| `([A-Z0-9_]+)` \| (.+?) \| (.+) \|$/;

function configurationRows(): Row[] {
  const readme = readFileSync(path.resolve('README.md'), 'utf8');
  const section = /\n## Configuration\n(.*?)\n## /s.exec(readme)?.[1] ?? '';
  return section
    .split('\n')
    .map((line) => ROW.exec(line))
    .filter((match) => match !== null)
    .map(([, name, written, meaning]) => ({ name, written, meaning }));
}

/** The text that a reader would set to get the default. */
function settingOf(written: string): string | undefined {
  if (written === 'unset') return undefined;
  if (written === 'empty') return '';
  return /^`(.+)`$/.exec(written)?.[1] ?? `not understood: ${written}`;
}

const rows = configurationRows();
const fields = environmentSchema.shape;
const isVariable = (name: string): name is keyof typeof fields => Object.hasOwn(fields, name);

/** A value that differs from the default, for each variable with aliases. */
const OTHER_VALUES: Readonly<Record<string, readonly [text: string, parsed: unknown]>> = {
  PORT: ['4000', 4000],
  MEDIA_DIR: ['./elsewhere', './elsewhere'],
  MODELS_DIR: ['/other/models', '/other/models'],
  DB_USERNAME: ['somebody', 'somebody'],
  DB_PASSWORD: ['secret', 'secret'],
  DB_NAME: ['other', 'other'],
  BCRYPT_SALT_ROUNDS: ['5', 5],
  JWT_EXPIRATION: ['2h', 7200],
};

describe('the configuration tables of the README', () => {
  it('name every variable once, and none that does not exist', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(fields).sort());
  });

  it.each(rows)('$name has the default that is written: $written', ({ name, written }) => {
    if (!isVariable(name)) throw new Error(`${name} is no variable`);
    expect(fields[name].parse(settingOf(written))).toEqual(fields[name].parse(undefined));
  });

  const aliases = rows.flatMap(({ name, meaning }) => {
    const list = /\bAlias(?:es)?: ((?:`[A-Z_]+`(?:, )?)+)/.exec(meaning)?.[1] ?? '';
    return [...list.matchAll(/`([A-Z_]+)`/g)].map(([, alias]) => ({ name, alias }));
  });

  it.each(aliases)('$alias sets $name', ({ name, alias }) => {
    const [text, parsed] = OTHER_VALUES[name];
    expect(parseEnvironment({ [alias]: text })).toMatchObject({ [name]: parsed });
  });
});

describe('readme configuration', () => {
  it('.env.example sets only variables that exist', () => {
    const example = readFileSync(path.resolve('.env.example'), 'utf8');
    const names = [...example.matchAll(/^(?:# )?([A-Z0-9_]+)=/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !isVariable(name))).toEqual([]);
  });

  it('every npm script that the README names exists', () => {
    const { scripts } = JSON.parse(readFileSync(path.resolve('package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const readme = readFileSync(path.resolve('README.md'), 'utf8');
    const names = [...readme.matchAll(/npm run ([a-z][a-z0-9:-]*)/g)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(15);
    expect([...new Set(names)].filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('errors in settings read as those of the API, and repeat no secret', () => {
    const wrong = { PORT: '99999', LOG_LEVEL: 'loud', DB_POOL_MAX: 'x', ADMIN_PASSWORD: 'horse' };
    expect(() => parseEnvironment(wrong)).toThrow(
      [
        'The configuration is not valid:',
        '  PORT: must be at most 65535 (given "99999")',
        '  LOG_LEVEL: must be one of "error", "warn", "info", "debug" (given "loud")',
        '  DB_POOL_MAX: must be a number (given "x")',
        '  ADMIN_PASSWORD: must have at least 8 characters',
      ].join('\n'),
    );
  });
});
