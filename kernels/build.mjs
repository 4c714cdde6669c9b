/**
 * Compiles the kernels and writes each as a TypeScript module into the product, with the hash of the sources it was made
 * from: `npm install && npm run build` in this folder. Tests of the product compare the hashes.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';

const folder = import.meta.dirname;
/** Folders of sources, what is compiled of each, and where it goes. */
const GROUPS = [
  { sources: 'features', kernels: ['nearest', 'akaze', 'orb'], target: 'src/vision/features/kernels' },
  { sources: 'jpeg', kernels: ['jpeg'], target: 'src/media/jpeg' },
];
const OPTIONS = [
  '-O3',
  '--converge',
  '--noAssert',
  '--runtime',
  'stub',
  '--enable',
  'simd',
  '--use',
  'abort=',
  '--baseDir',
  folder,
];

/** Hash of all sources of a folder, so that no kernel is older than what it shares with the others. */
async function hashOf(sources) {
  const hash = createHash('sha256');
  for (const name of (await readdir(path.join(folder, sources))).sort())
    hash.update(name).update(await readFile(path.join(folder, sources, name)));
  return hash.digest('hex');
}

async function compile(source) {
  let binary;
  const { error, stderr } = await asc.main([source, '--outFile', `${source}.wasm`, ...OPTIONS], {
    writeFile: (_, content) => void (binary = content),
  });
  process.stderr.write(stderr.toString());
  if (error) throw error;
  return Buffer.from(binary);
}

for (const { sources, kernels, target } of GROUPS) {
  const hash = await hashOf(sources);
  for (const name of kernels) {
    const binary = await compile(path.join(sources, `${name}.ts`));
    const text = `/** WebAssembly of kernels/${sources}/${name}.ts, ${binary.length} bytes, made by kernels/build.mjs: not to be edited. */
export const ${name.toUpperCase()}_KERNEL = {
  sources: '${hash}',
  base64:
    '${binary.toString('base64')}',
} as const;
`;
    await writeFile(path.resolve(folder, '..', target, `${name}-kernel.ts`), text);
    process.stdout.write(`${name}: ${binary.length} bytes\n`);
  }
}
