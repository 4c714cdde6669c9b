/**
 * Compiles the JPEG decoder and writes it as a TypeScript module into src/media/jpeg, with the hash of the sources it was made
 * from: `npm install && node jpeg/build.mjs` in the folder above. A test of the product compares the hashes.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import asc from 'assemblyscript/asc';

const folder = import.meta.dirname;
const target = path.resolve(folder, '..', '..', 'src', 'media', 'jpeg', 'jpeg-kernel.ts');
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
];

const hash = createHash('sha256');
const sources = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
for (const name of sources) hash.update(name).update(await readFile(path.join(folder, name)));

let binary;
const { error, stderr } = await asc.main(
  ['jpeg.ts', '--outFile', 'jpeg.wasm', ...OPTIONS, '--baseDir', folder],
  { writeFile: (_, content) => void (binary = Buffer.from(content)) },
);
process.stderr.write(stderr.toString());
if (error) throw error;

await writeFile(
  target,
  `/** WebAssembly of kernels/jpeg, ${binary.length} bytes, made by kernels/jpeg/build.mjs: not to be edited. */
export const JPEG_KERNEL = {
  sources: '${hash.digest('hex')}',
  base64:
    '${binary.toString('base64')}',
} as const;
`,
);
process.stdout.write(`jpeg: ${binary.length} bytes\n`);
