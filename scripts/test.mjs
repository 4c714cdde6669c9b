/**
 * `npm test`: prepares the checkout and runs the whole suite, with type checks. With arguments for Jest (paths, test
 * names), only changed files are compiled without type checks, so that a single test responds within seconds.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { coverageFolder, reportCoverage } from './coverage-report.mjs';
import { jestCommand } from './jest-command.mjs';
import { setUp } from './setup.mjs';

const root = path.resolve(import.meta.dirname, '..');
const report = path.join(root, 'reports', 'jest.json');
/** Options that run the whole suite and therefore include type checks. */
const WHOLE_RUN = ['--ci', '--coverage'];
/** Options with which Jest runs no test. */
const QUESTIONS = ['--listTests', '--showConfig', '--help', '-h', '--version', '-v', '--clearCache'];

const args = process.argv.slice(2);
await setUp({ types: args.every((word) => WHOLE_RUN.includes(word)) });
rmSync(report, { force: true });
const env = { ...process.env };
if (args.includes('--ci'))
  for (const part of ['WEBGPU', 'BROWSER', 'COMPOSE', 'NGINX', 'PYTHON'])
    env[`INFERNODE_REQUIRE_${part}`] ??= '1';
const withCoverage = args.includes('--coverage');
if (withCoverage) {
  rmSync(coverageFolder, { recursive: true, force: true });
  env.INFERNODE_TEST_COVERAGE = coverageFolder;
}
const [program, ...flags] = jestCommand(root);
const jestArgs = args.filter((word) => word !== '--coverage');
const { status } = spawnSync(program, [...flags, ...jestArgs], { cwd: root, stdio: 'inherit', env });
if (withCoverage) await reportCoverage();
const asked = args.some((word) => QUESTIONS.includes(word));
if (status === 0 && !asked && !existsSync(report)) {
  process.stderr.write('\nJest ended without a report: no test has run.\n');
  process.exit(1);
}
process.exit(status ?? 1);
