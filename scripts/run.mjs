/**
 * `node scripts/run.mjs <entry> [arguments]`: sets the checkout up, then runs a compiled entry in this very process,
 * so that signals reach it and nothing stands between it and the caller.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { setUp } from './setup.mjs';
import { toolUsages } from './tool-usage.mjs';
import { checkArguments } from './usage.mjs';

const root = path.resolve(import.meta.dirname, '..');
const entries = {
  start: 'dist/src/stack.js',
  api: 'dist/src/server.js',
  worker: 'dist/src/workers/main.js',
  demo: 'dist/scripts/demo.js',
  keys: 'dist/scripts/keys.js',
  'db:migrate': 'dist/scripts/migrate.js',
  'api:tour': 'dist/scripts/api-tour.js',
  bench: 'dist/benchmarks/run.js',
  'bench:cores': 'dist/benchmarks/cns/cores.js',
  'bench:detectors': 'dist/benchmarks/cns/detectors.js',
  'bench:magsac': 'dist/benchmarks/cns/magsac.js',
  'docs:contact-sheet': 'dist/benchmarks/cns/contact-sheet.js',
  'eval:archive': 'dist/benchmarks/inpainting/archive.js',
  'eval:cns': 'dist/benchmarks/cns/evaluate.js',
  'eval:files': 'dist/tests/soak/case-files.js',
  'eval:flicker': 'dist/benchmarks/inpainting/flicker.js',
  admin: 'dist/scripts/admin.js',
  'eval:video-sizes': 'dist/tests/soak/video-sizes.js',
  'eval:moving-background': 'dist/benchmarks/inpainting/moving-background.js',
  models: 'dist/scripts/models.js',
  'quality:inpainting': 'dist/scripts/inpainting-quality.js',
  'soak:attacks': 'dist/tests/soak/attacks/main.js',
  'soak:kills': 'dist/tests/soak/worker-kills.js',
  'soak:large-picture': 'dist/tests/soak/large-picture.js',
  'soak:memory': 'dist/tests/soak/memory.js',
  'soak:pictures': 'dist/tests/soak/mixed-pictures.js',
  storage: 'dist/scripts/storage.js',
  postman: 'dist/scripts/postman.js',
  'render:samples': 'dist/scripts/render-samples.js',
};

const [name, ...rest] = process.argv.slice(2);
if (!Object.hasOwn(entries, name)) {
  process.stderr.write(`Usage: node scripts/run.mjs ${Object.keys(entries).join('|')} [arguments]\n`);
  process.exit(2);
}
// First, since the set-up reads settings too; a Node that cannot read the file is too old, which the set-up says.
const envFile = path.join(root, '.env');
if (existsSync(envFile)) process.loadEnvFile?.(envFile);
checkArguments(name, rest);
await setUp();
const entry = path.join(root, entries[name]);
process.argv = [process.argv[0], entry, ...rest];
process.setSourceMapsEnabled(true);
try {
  await import(pathToFileURL(entry).href);
} catch (error) {
  // Servers and their scripts say themselves what is wrong; a tool that throws was mostly given something it cannot use.
  if (!Object.hasOwn(toolUsages, name)) throw error;
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(
    `${process.env.DEBUG && error.stack ? error.stack : reason}\n\nUsage: ${toolUsages[name].usage}\n`,
  );
  process.stderr.write('With DEBUG=1 the place in the code is shown.\n');
  process.exit(1);
}
