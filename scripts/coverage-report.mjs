import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const reports = path.join(root, 'reports', 'coverage');

/** Folder to which test processes and their children write coverage (NODE_V8_COVERAGE). */
export const coverageFolder = path.join(reports, 'v8');

/** Modules that contain only types: their compiled output is empty. */
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

/** Prints the coverage of each folder of src, and writes line-by-line pages to reports/coverage. */
export async function reportCoverage() {
  // Imported lazily, because `npm test -- --help` must work before packages are installed.
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
