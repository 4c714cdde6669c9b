/**
 * `npm run eval:files -- FOLDER [--inpaint-videos]`: starts a server, uploads every file of a folder with the route for
 * its kind, runs the matching jobs and prints a table: file, request, status, stored data, result of the job. Videos
 * run CNS with ORB and SIFT (and inpainting of a rectangle on request), images and masks inpainting and classification,
 * ZIPs inpainting, label files the installation of a network. Exits with 1 on a 5xx status or a failed job.
 */
import { cp, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { makeStackFolder, startRunningStack } from '../../tests/support/running-stack.js';
import { tryLabels, tryImage, tryVideo, tryZip, type CaseRow } from './case-requests.js';
import { CaseServer } from './case-server.js';

const { values: options, positionals } = parseArgs({
  options: { 'inpaint-videos': { type: 'boolean', default: false } },
  allowPositionals: true,
});

const VIDEO = /\.(mp4|m4v|mov|mkv|webm|avi|3gp|3g2|m?ts|m2ts|mpe?g)$/i;
const LABELS = /\.(json|txt|csv)$/i;
const ZIP = /\.zip$/i;

function rowsOf(server: CaseServer, file: string): Promise<readonly CaseRow[]> {
  if (ZIP.test(file)) return tryZip(server, file);
  if (VIDEO.test(file)) return tryVideo(server, file, options['inpaint-videos']);
  return LABELS.test(file) ? tryLabels(server, file) : tryImage(server, file);
}

function print({ file, request, status, stored, job }: CaseRow): void {
  process.stdout.write(`| ${[path.basename(file), request, status, stored, job].join(' | ')} |\n`);
}

const [folder] = positionals;
if (folder === undefined) throw new Error('Usage: npm run eval:files -- FOLDER [--inpaint-videos]');
const data = await makeStackFolder('infernode-files-');
// Networks are installed in a copy, not in the checkout.
const models = path.join(data, 'models');
await cp('models', models, { recursive: true });
const stack = await startRunningStack(path.join(data, 'data'), { MODEL_DIR: models });
try {
  const server = await CaseServer.signUp(stack.url);
  process.stdout.write('| file | request | status | stored | job |\n|---|---|---|---|---|\n');
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
  for (const { name } of names.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    for (const row of await rowsOf(server, path.join(folder, name))) {
      print(row);
      if (row.status >= 500 || /^(FAILED|ABORTED)/.test(row.job)) process.exitCode = 1;
    }
  }
} finally {
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(data, { recursive: true, force: true });
}
