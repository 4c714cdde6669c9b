import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Probe, ProbeAnswers } from './lint-probes.js';

const root = path.resolve(import.meta.dirname, '../../../..');
const src = path.join(root, 'src');

const probes: Probe[] = [];

/** Lints all probes in one process, since ESLint takes seconds to load. */
const allAnswers = lazily((): ProbeAnswers => {
  const script = path.join(import.meta.dirname, 'lint-probes.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    cwd: root,
    input: JSON.stringify(probes),
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as ProbeAnswers;
});

function lazily<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Notes a probe; the answer is the rules that spoke on each of its lines. */
function probe(file: string, lines: readonly string[]): () => ProbeAnswers[number] {
  const index = probes.push({ file: path.join('src', file), lines }) - 1;
  return () => allAnswers()[index];
}

/** One row of `eslint/arrows.js` as it is configured. */
interface Row {
  readonly files: readonly [string];
  readonly rules: { readonly [PATHS]: readonly [string, { readonly zones: readonly [Zone, ...unknown[]] }] };
}
interface Zone {
  readonly except: readonly string[];
}
const PATHS = 'import-x/no-restricted-paths';
const { arrows } = (await import(pathToFileURL(path.join(root, 'eslint/arrows.js')).href)) as {
  arrows: readonly Row[];
};
const { OWNERS } = (await import(pathToFileURL(path.join(root, 'eslint/owners.js')).href)) as {
  OWNERS: Readonly<Record<string, readonly string[]>>;
};

/** A source file in each folder, however deep, and those beside the folders. */
const targets = readdirSync(src, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
  .map((entry) => path.relative(src, path.join(entry.parentPath, entry.name)))
  .sort()
  .filter(
    (file, index, all) =>
      path.dirname(file) === '.' || path.dirname(all[index - 1] ?? '') !== path.dirname(file),
  );

/** A file that a row is about. */
const memberOf = ({ files: [glob] }: Row): string =>
  path.relative(
    'src',
    glob.replace('**/*.ts', 'probe.ts').replace('{task,plan,params}', 'task').replace('*', 'cns'),
  );
const within = (file: string, entry: string): boolean => {
  const way = path.relative(entry, file);
  return way === '' || !way.startsWith('..');
};
const importOf = (from: string, to: string): string => {
  const way = path.relative(path.dirname(from), to).replace(/\.ts$/, '.js');
  return `import '${way.startsWith('.') ? way : `./${way}`}';`;
};

describe('the arrows between folders', () => {
  const questions = arrows.map((row) => {
    const file = memberOf(row);
    const allowed = row.rules[PATHS][1].zones[0].except;
    const asked = targets.map((to) => ({ to, allowed: allowed.some((entry) => within(to, entry)) }));
    return {
      file,
      asked,
      answer: probe(
        file,
        asked.map(({ to }) => importOf(file, to)),
      ),
    };
  });

  it('refuses an import that has no arrow, and no other', () => {
    const wrong = questions.flatMap(({ file, asked, answer }) =>
      asked
        .filter(({ allowed }, line) => answer()[line].includes(PATHS) === allowed)
        .map(({ to, allowed }) => `${file} → ${to}: ${allowed ? 'refused' : 'silent'}`),
    );
    const refused = questions
      .flatMap(({ answer }) => answer())
      .filter((rules) => rules.includes(PATHS)).length;
    console.info(`${arrows.length} rows of arrows, ${refused} forbidden imports refused`);
    expect(wrong).toEqual([]);
    expect(refused).toBeGreaterThan(1000);
  });

  it('has a row for every folder', () => {
    const rows = arrows.slice(1).map(({ files: [glob] }) => glob.replace(/^src\/|\/\*\*\/\*\.ts$/g, ''));
    const without = targets.filter((file) => !rows.some((row) => within(file, row)) && !rows.includes(file));
    expect(without).toEqual([]);
  });

  it.each(
    [
      ['controllers/a.ts', 'dao/user.dao.ts'],
      ['controllers/a.ts', 'repositories/unit-of-work.ts'],
      ['routes/a.ts', 'services/job.service.ts'],
      ['services/a.ts', 'repositories/unit-of-work.ts'],
      ['services/a.ts', 'tasks/cns/pipeline.ts'],
      ['services/a.ts', 'controllers/job.controller.ts'],
      ['repositories/a.ts', 'services/job.service.ts'],
      ['dao/a.ts', 'repositories/unit-of-work.ts'],
      ['domain/a.ts', 'dao/user.dao.ts'],
      ['vision/image/a.ts', 'domain/job.ts'],
      ['networks/cns/a.ts', 'media/probe.ts'],
      ['servoing/a.ts', 'tasks/cns/params.ts'],
      ['media/a.ts', 'config/load.ts'],
      ['tasks/cns/task.ts', 'servoing/servo.ts'],
      ['engines/job-engine/a.ts', 'queue/jobs.ts'],
      ['engines/model-server/a.ts', 'engines/job-engine/protocol.ts'],
      ['workers/a.ts', 'composition/worker.ts'],
      ['supervision/a.ts', 'media/probe.ts'],
      ['a-new-folder/a.ts', 'domain/job.ts'],
    ].map(([from, to]) => [from, to, probe(from, [importOf(from, to)])] as const),
  )('refuses that %s imports %s', (_from, _to, answer) => {
    expect(answer()[0]).toContain(PATHS);
  });
});

describe('the owners of libraries', () => {
  const ways = (name: string): string[] => [
    `import '${name}';`,
    `import type { A } from '${name}';`,
    `import '${name}/lib/index.js';`,
    `export const a = import('${name}');`,
    `export const b = require('${name}');`,
    `export const c = createRequire(import.meta.url)('${name}');`,
  ];
  const names = Object.keys(OWNERS);
  const imports = names.flatMap(ways);
  const everybody = probe('domain/probe.ts', imports);
  const owners = names.flatMap((name) =>
    OWNERS[name].map((place) => {
      const file = place.replace('**', 'probe.ts').replace('*', 's');
      return { name, place, answer: probe(file, ways(name)) };
    }),
  );
  const environment = ["import { env } from 'node:process';", 'export const a = process.env.A;'];
  const services = probe('services/probe.ts', environment);
  const config = probe('config/probe.ts', environment);

  it('keeps each of them from everybody else', () => {
    console.info(`${names.length} libraries with an owner, ${imports.length} forbidden imports refused`);
    expect(imports.filter((_, line) => everybody()[line].length === 0)).toEqual([]);
  });

  it('leaves each of them to its owner', () => {
    const refused = owners.filter(({ answer }) => answer().some((rules) => rules.length > 0));
    expect(refused.map(({ name, place }) => `${name}: ${place}`)).toEqual([]);
  });

  it('leaves the environment to the configuration', () => {
    expect(services().every((rules) => rules.length > 0)).toBe(true);
    expect(config()[1]).toEqual([]);
  });
});

describe('circles', () => {
  // Imported by the file that they import.
  const closing = probe('errors/app-error.ts', [
    "import type { A } from './common-errors.js';",
    "export { B } from './common-errors.js';",
  ]);

  it('are refused, those of types too', () => {
    for (const rules of closing()) expect(rules).toContain('local/no-import-cycles');
  });
});
