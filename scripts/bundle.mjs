/**
 * Joins the modules of a process that is started often into one file: loading its 180 modules one by one takes most of the
 * time of its start. `src/supervision/bundled-module.ts` uses a bundle while it matches the compiled modules.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const dist = path.resolve(import.meta.dirname, '..', 'dist');
const bundles = path.join(dist, 'bundles');
/** Entries, below dist/src. */
const ENTRIES = ['engines/servo-engine/main.js'];

/**
 * Of the packages only zod is bundled, which consists of a hundred modules. Others may be CommonJS, which cannot be part of a
 * bundle that is split, or look for their binaries next to them.
 */
const foreignPackages = {
  name: 'foreign-packages',
  setup: (build) =>
    build.onResolve({ filter: /^[^./]/ }, ({ path: name, kind }) =>
      kind === 'entry-point' || name === 'zod' ? undefined : { path: name, external: true },
    ),
};

/** Modules that look for files next to them keep their own address. */
const ownAddresses = (folder) => ({
  name: 'own-addresses',
  setup: (build) =>
    build.onLoad({ filter: /\.js$/ }, ({ path: file }) => {
      const text = readFileSync(file, 'utf8');
      if (!file.startsWith(dist + path.sep) || !text.includes('import.meta.url')) return undefined;
      const address = JSON.stringify(path.relative(folder, file).split(path.sep).join('/'));
      return { contents: text.replaceAll('import.meta.url', `new URL(${address}, import.meta.url).href`) };
    }),
});

/** Digest of the compiled modules in a bundle; `bundled-module.ts` computes the same. */
function digestOf(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) hash.update(readFileSync(path.join(dist, input)));
  return hash.digest('hex');
}

async function bundle(esbuild, entry) {
  const folder = path.join(bundles, path.dirname(entry));
  const { metafile, outputFiles } = await esbuild.build({
    entryPoints: [path.join(dist, 'src', entry)],
    outdir: folder,
    bundle: true,
    splitting: true,
    write: false,
    metafile: true,
    sourcemap: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    chunkNames: '[hash]',
    logLevel: 'error',
    plugins: [foreignPackages, ownAddresses(folder)],
  });
  const inputs = Object.keys(metafile.inputs)
    .map((input) => path.relative(dist, path.resolve(input)))
    .filter((input) => !input.startsWith('..'))
    .sort();
  const fresh = `${folder}-${process.pid}`;
  mkdirSync(fresh, { recursive: true });
  for (const { path: file, contents } of outputFiles)
    writeFileSync(path.join(fresh, path.relative(folder, file)), contents);
  writeFileSync(path.join(fresh, 'inputs.json'), JSON.stringify({ inputs, sha256: digestOf(inputs) }));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
}

/** Bundles all entries. Without the bundler, as in an installation without development packages, there are no bundles. */
export async function bundleEntries() {
  const esbuild = await import('esbuild').catch(() => null);
  if (esbuild === null) return;
  for (const entry of ENTRIES) await bundle(esbuild, entry);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await bundleEntries();
