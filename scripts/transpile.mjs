/**
 * Updates dist/ without type checks: each changed file is compiled separately, by the compiler of `npm run build` and
 * with the same result (`isolatedModules`). A save takes milliseconds, the whole tree a few seconds. Types are checked
 * by `npm run build` and `npm run typecheck`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
/** Folders included by tsconfig.json. */
export const SOURCE_FOLDERS = ['src', 'tests', 'scripts', 'benchmarks', 'evaluation', 'clients'];

const filesBelow = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name))
    : [];

const isSource = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts');
const outputOf = (source) => path.join(dist, path.relative(root, source)).replace(/\.ts$/, '.js');

/** A source is current when its output is newer than its content and its name. */
function isCurrent(source) {
  const output = statSync(outputOf(source), { throwIfNoEntry: false });
  if (output === undefined) return false;
  const { mtimeMs, ctimeMs } = statSync(source);
  return output.mtimeMs > Math.max(mtimeMs, ctimeMs);
}

/** Removes outputs of deleted sources: otherwise a moved test would run from both places. */
export function removeStaleOutputs() {
  const stale = SOURCE_FOLDERS.flatMap((folder) => filesBelow(path.join(dist, folder))).filter((file) => {
    const source = path.join(root, path.relative(dist, file)).replace(/\.js(\.map)?$/, '.ts');
    return source.endsWith('.ts') && !existsSync(source);
  });
  for (const file of stale) rmSync(file);
  return stale;
}

/**
 * Compiles the sources that are newer than their outputs.
 * @returns the outputs, and a message for each syntax error
 */
export async function transpileChanged() {
  removeStaleOutputs();
  const changed = SOURCE_FOLDERS.flatMap((folder) => filesBelow(path.join(root, folder)))
    .filter(isSource)
    .filter((source) => !isCurrent(source));
  if (changed.length === 0) return { outputs: [], problems: [] };
  const { default: ts } = await import('typescript');
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: ['package.json'] }, ts.sys, root);
  // A single file is not known to be a module by package.json.
  const compilerOptions = {
    ...options,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
  };
  const problems = [];
  const outputs = changed.map((source) => {
    const output = outputOf(source);
    const compiled = ts.transpileModule(readFileSync(source, 'utf8'), {
      compilerOptions,
      fileName: source,
      reportDiagnostics: true,
    });
    if (compiled.diagnostics.length > 0) {
      const host = {
        getCanonicalFileName: (name) => name,
        getCurrentDirectory: () => root,
        getNewLine: () => '\n',
      };
      problems.push(ts.formatDiagnostics(compiled.diagnostics, host));
    }
    mkdirSync(path.dirname(output), { recursive: true });
    writeFileSync(output, compiled.outputText);
    writeFileSync(`${output}.map`, compiled.sourceMapText);
    return output;
  });
  return { outputs, problems };
}

if (process.argv[1] === import.meta.filename) {
  const startedAt = Date.now();
  const { outputs, problems } = await transpileChanged();
  process.stderr.write(problems.join(''));
  process.stderr.write(`Compiled ${outputs.length} files without types in ${Date.now() - startedAt} ms.\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
