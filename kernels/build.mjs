/**
 * Compiles the kernels and writes each as a TypeScript module into src/inference/features/kernels, with the hash of the
 * sources it was made from: `npm install && npm run build` in this folder. A test of the product compares the hashes.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';

const folder = import.meta.dirname;
const target = path.resolve(folder, '..', 'src', 'inference', 'features', 'kernels');
const KERNELS = ['nearest', 'akaze', 'orb'];
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

/** Hash of all sources, so that no kernel is older than what it shares with the others. */
async function sourcesHash() {
  const hash = createHash('sha256');
  for (const name of (await readdir(path.join(folder, 'assembly'))).sort())
    hash.update(name).update(await readFile(path.join(folder, 'assembly', name)));
  return hash.digest('hex');
}

async function compile(name) {
  let binary;
  const { error, stderr } = await asc.main(
    [path.join('assembly', `${name}.ts`), '--outFile', `${name}.wasm`, ...OPTIONS],
    {
      writeFile: (_, content) => void (binary = content),
    },
  );
  process.stderr.write(stderr.toString());
  if (error) throw error;
  return Buffer.from(binary);
}

const hash = await sourcesHash();
for (const name of KERNELS) {
  const binary = await compile(name);
  const constant = `${name.toUpperCase()}_KERNEL`;
  const text = `/** WebAssembly of kernels/assembly/${name}.ts, ${binary.length} bytes, made by kernels/build.mjs: not to be edited. */
export const ${constant} = {
  sources: '${hash}',
  base64:
    '${binary.toString('base64')}',
} as const;
`;
  await writeFile(path.join(target, `${name}-kernel.ts`), text);
  process.stdout.write(`${name}: ${binary.length} bytes\n`);
}
