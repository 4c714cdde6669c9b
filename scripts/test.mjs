/**
 * `npm test`: prepares the checkout and runs the whole suite, with type checks. With arguments for Jest (paths, test
 * names), only changed files are compiled without type checks, so that a single test responds within seconds. With
 * `--storage s3`, stored files are in an S3 server that checks signatures; without paths, the tests that store files run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundles } from './bundle.mjs';
import { coverageFolder, reportCoverage } from './coverage-report.mjs';
import { jestCommand } from './jest-command.mjs';
import { setUp } from './setup.mjs';

const root = path.resolve(import.meta.dirname, '..');
const report = path.join(root, 'reports', 'jest.json');
/** Options that run the whole suite and therefore include type checks. */
const WHOLE_RUN = ['--ci', '--coverage'];
/** Options with which Jest runs no test. */
const QUESTIONS = ['--listTests', '--showConfig', '--help', '-h', '--version', '-v', '--clearCache'];

/** Tests that store files, and run with any storage. */
const STORING = [
  'tests/e2e/(inpainting|postman|several-instances|stack)',
  'tests/integration/http/(dataset-archive|dream-uploads|job-waiting|jobs|multipart-uploads|quotas|trash|tus-uploads|uploads)',
  'tests/integration/(imports|previews)/',
  'tests/integration/inpainting/',
  'tests/integration/(classification|detection)/(execute|job)',
  'tests/integration/servo/recorded-job',
  'tests/integration/storage/',
];

const args = process.argv.slice(2);
const env = { ...process.env };
const storageAt = args.indexOf('--storage');
if (storageAt !== -1) useStorage(...args.splice(storageAt, 2).slice(1));
const whole = args.every((word) => WHOLE_RUN.includes(word));
await setUp({ types: whole });
rmSync(report, { force: true });
if (args.includes('--ci'))
  for (const part of ['WEBGPU', 'BROWSER', 'COMPOSE', 'NGINX', 'PYTHON'])
    env[`INFERNODE_REQUIRE_${part}`] ??= '1';
const withCoverage = args.includes('--coverage');
if (withCoverage) {
  // What runs in a bundle counts for no module.
  rmSync(bundles, { recursive: true, force: true });
  rmSync(coverageFolder, { recursive: true, force: true });
  env.INFERNODE_TEST_COVERAGE = coverageFolder;
} else if (whole) env.INFERNODE_REQUIRE_BUNDLES ??= '1';
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

/** Runs the tests with this storage. */
function useStorage(storage) {
  if (storage !== 'disk' && storage !== 's3') {
    process.stderr.write('--storage takes disk or s3.\n');
    process.exit(2);
  }
  env.INFERNODE_TEST_STORAGE = storage;
  if (storage === 's3' && !canEmulateS3()) {
    process.stderr.write(
      'The Python of INFERNODE_PYTHON has no moto: python3 -m pip install "moto[server]", or set INFERNODE_PYTHON.\n',
    );
    process.exit(1);
  }
  if (args.every((word) => word.startsWith('-'))) args.push(...STORING);
}

/** Whether there is a Python with moto. */
function canEmulateS3() {
  const python = env.INFERNODE_PYTHON ?? 'python3';
  return spawnSync(python, ['-c', 'import moto.server, flask'], { stdio: 'ignore' }).status === 0;
}
