import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const reports = path.join(root, 'reports', 'coverage');

/** Where test processes and their children write what they ran, in the form of NODE_V8_COVERAGE. */
export const coverageFolder = path.join(reports, 'v8');

/** Modules of types alone: they are compiled to nothing, so nothing of them can run. */
function emptyModules() {
  const folder = path.join(root, 'dist', 'src');
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.js'))
    .filter((name) => {
      const code = readFileSync(path.join(folder, name), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
      return /^\s*export \{\};\s*$/.test(code);
    })
    .map((name) => path.posix.join('dist', 'src', ...name.split(path.sep)));
}

/** Prints the share of each folder of src that ran, and writes pages about every line to reports/coverage. */
export async function reportCoverage() {
  // Not at the top: `npm test -- --help` and others are answered before anything is installed.
  const { Report } = await import('c8');
  await new Report({
    include: ['dist/src/**'],
    exclude: emptyModules(),
    extension: ['.js'],
    excludeNodeModules: true,
    reporter: ['text-summary', 'html', 'json-summary', 'lcovonly'],
    reportsDirectory: reports,
    tempDirectory: coverageFolder,
    resolve: '',
    omitRelative: true,
    wrapperLength: 0,
    all: true,
    src: [root],
    mergeAsync: true,
  }).run();
  process.stdout.write(`Lines and branches: ${path.join('reports', 'coverage', 'index.html')}\n`);
}
