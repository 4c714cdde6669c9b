import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';

/** Text that is linted as if it were the file's. */
export interface Probe {
  readonly file: string;
  readonly lines: readonly string[];
}

/** Rules that spoke, for each line of each probe. */
export type ProbeAnswers = readonly (readonly (readonly string[])[])[];

const RULES = [
  'import-x/no-restricted-paths',
  'local/no-import-cycles',
  'no-restricted-imports',
  'no-restricted-properties',
  'no-restricted-syntax',
];

/**
 * Entry of a process that lints probes from its input by the configuration of the repository. ESLint loads its
 * configuration and a native resolver, which the test runner's own module loader is not made for.
 */
const probes = JSON.parse(await text(process.stdin)) as readonly Probe[];
const eslint = new ESLint({
  // Files that do not exist have no types.
  overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
  ruleFilter: ({ ruleId }) => RULES.includes(ruleId),
});
const answers: string[][][] = [];
for (const { file, lines } of probes) {
  const [{ messages }] = await eslint.lintText(lines.join('\n'), { filePath: file });
  const broken = messages.find(({ fatal }) => fatal);
  if (broken) throw new Error(`${file}: ${broken.message}`);
  answers.push(
    lines.map((_, index) =>
      messages.filter(({ line }) => line === index + 1).map(({ ruleId }) => String(ruleId)),
    ),
  );
}
process.stdout.write(JSON.stringify(answers));
