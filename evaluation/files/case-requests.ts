import { readFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { COLOURS, colourNetwork } from '../../tests/factories/onnx/colour-network.js';
import { gradient, pngOf, rectangleMask } from '../../tests/support/inpainting-run.js';
import type { CaseAnswer, CaseFile, CaseJob, CaseServer } from './case-server.js';

/** One line of the table. */
export interface CaseRow {
  readonly file: string;
  readonly request: string;
  readonly status: number;
  readonly stored: string;
  readonly job: string;
}

type Body = Readonly<Record<string, unknown>>;
const NO_JOB = '-';
const CNS_PRICE = 0.002;
const DETECTORS = ['ORB', 'SIFT'] as const;

/** The value at a path of keys; undefined where there is none. */
function at(body: unknown, ...keys: readonly (string | number)[]): unknown {
  let value = body;
  for (const key of keys)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return value;
}

const listAt = (body: unknown, ...keys: readonly (string | number)[]): readonly unknown[] => {
  const value = at(body, ...keys);
  return Array.isArray(value) ? value : [];
};

const shortened = (value: unknown): string =>
  (JSON.stringify(value) ?? '').replaceAll('|', '/').slice(0, 300);

const refusalOf = ({ body }: CaseAnswer): string =>
  `${String(body.code)}: ${String(body.message ?? body.detail).slice(0, 240)}`;

const isStored = ({ status }: CaseAnswer): boolean => status === 201;

const warningsOf = (body: Body): string => {
  const warnings = listAt(body, 'warnings');
  return warnings.length > 0 ? `; warnings ${shortened(warnings)}` : '';
};

/** Uploads an archive, as pairs or else as videos, and inpaints the stored items. */
export async function tryZip(server: CaseServer, file: string): Promise<readonly CaseRow[]> {
  const dataset = await server.dataset();
  const answer = await server.form('/api/datasets/data', {
    fields: { datasetName: dataset.name },
    files: { image: file },
  });
  const row = { file, request: 'POST /api/datasets/data (image = ZIP)', status: answer.status };
  if (!isStored(answer)) return [{ ...row, stored: refusalOf(answer), job: NO_JOB }];
  const files = listAt(answer.body, 'files');
  const count = (outcome: string): number => files.filter((one) => at(one, 'outcome') === outcome).length;
  const sources = files.filter((one) => at(one, 'role') === 'source').map((one) => at(one, 'entry'));
  const bad = files
    .filter((one) => at(one, 'outcome') === 'refused')
    .map((one) => [at(one, 'entry'), at(one, 'reason')]);
  const stored = `${String(sources.length)} pairs ${shortened(sources.slice(0, 3))}, ${String(count('ignored'))} ignored, ${String(count('refused'))} refused ${bad.length > 0 ? shortened(bad) : ''}${warningsOf(answer.body)}`;
  return [{ ...row, stored, job: await inpaint(server, dataset.name) }];
}

/** Uploads a video: CNS with two detectors, and inpainting of a rectangle when `inpainting` is set. */
export async function tryVideo(
  server: CaseServer,
  file: string,
  inpainting: boolean,
): Promise<readonly CaseRow[]> {
  const dataset = await server.dataset();
  const answer = await server.form(`/api/dataset/${dataset.id}/videos`, {
    fields: { name: path.basename(file).slice(0, 200), type: 'video' },
    files: { content: file },
  });
  const row = { file, request: 'POST /api/dataset/{id}/videos', status: answer.status };
  if (!isStored(answer)) return [{ ...row, stored: refusalOf(answer), job: NO_JOB }];
  const facts = at((await server.get(`/api/dataset/${dataset.id}`)).body, 'dataset', 'videos', 0);
  const [frames, width, height] = ['frame_count', 'width', 'height'].map((key) => Number(at(facts, key)));
  const stored = `${String(width)}x${String(height)}, ${String(frames)} frames${warningsOf(answer.body)}`;
  const rows: CaseRow[] = [];
  for (const detector of DETECTORS) {
    const job = await runCns(server, dataset.id, detector);
    rows.push({ ...row, request: `${row.request}, CNS with ${detector}`, stored, job });
  }
  if (inpainting) rows.push(await tryVideoPair(server, file, { width, height }));
  return rows;
}

async function runCns(server: CaseServer, datasetId: string, detector: string): Promise<string> {
  const parameters = { goalFrameId: 0, detector, device: 'cpu' };
  const answer = await server.post('/api/inference', { datasetId, parameters });
  if (!isStored(answer)) return `${String(answer.status)} ${refusalOf(answer)}`;
  const id = String(at(answer.body, 'jobId', 0));
  const job = await server.finish(id, `/api/jobs/${id}`);
  if (job.status !== 'COMPLETED') return failureOf(job);
  const charged = Math.round(
    Number(at(job.body, 'job', 'cost', 'captured') ?? at(job.body, 'cost', 'captured')) / CNS_PRICE,
  );
  const result = await server.get(`/api/inference/result/json/${id}`);
  const velocities = listAt(result.body, 'results', 'velocity');
  const lost = velocities.filter((velocity) => velocity === null).length;
  return `COMPLETED, charged ${String(charged)} frames, ${String(velocities.length)} processed, ${String(lost)} lost${warningsOf({ warnings: at(result.body, 'results', 'warnings') })}`;
}

async function tryVideoPair(
  server: CaseServer,
  file: string,
  size: { width: number; height: number },
): Promise<CaseRow> {
  const mask = { name: 'mask.png', content: await centreMask(size) };
  return tryPair(server, file, { image: file, mask, request: 'POST /api/datasets/data (rectangle as mask)' });
}

const failureOf = ({ status, body }: CaseJob): string =>
  `${status} ${shortened(at(body, 'job', 'error') ?? body.error ?? at(body, 'data', 'error'))}`;

/** A hole of 40 x 30 pixels in the centre, or a quarter of each side where that is smaller. */
function centreMask({ width, height }: { width: number; height: number }): Promise<Buffer> {
  const [wide, high] = [Math.max(1, Math.min(40, width >> 2)), Math.max(1, Math.min(30, height >> 2))];
  const [left, top] = [(width - wide) >> 1, (height - high) >> 1];
  const box = { left, top, right: left + wide, bottom: top + high };
  return pngOf(rectangleMask({ width, height }, box), { width, height });
}

const ANY_SIZE = { width: 200, height: 150 };

/** Displayed size of an image; a default size when it cannot be read. */
async function shownSize(file: string): Promise<{ width: number; height: number }> {
  const metadata = await sharp(file, { failOn: 'none' })
    .metadata()
    .catch(() => null);
  return metadata ? metadata.autoOrient : ANY_SIZE;
}

/**
 * Uploads an image with a rectangle as its mask, or as the mask of a plain image; and classifies it from a form and as
 * stored.
 */
export async function tryImage(server: CaseServer, file: string): Promise<readonly CaseRow[]> {
  const size = await shownSize(file);
  if (/mask/i.test(path.basename(file))) {
    const image = { name: 'image.png', content: await pngOf(gradient(size.width, size.height), size) };
    return [await tryPair(server, file, { image, mask: file, request: 'POST /api/datasets/data (as mask)' })];
  }
  const mask = { name: 'mask.png', content: await centreMask(size) };
  const request = 'POST /api/datasets/data (rectangle as mask)';
  return [
    await tryPair(server, file, { image: file, mask, request }),
    await tryClassification(server, file),
    await tryStored(server, file),
  ];
}

async function tryPair(
  server: CaseServer,
  file: string,
  { image, mask, request }: { readonly image: CaseFile; readonly mask: CaseFile; readonly request: string },
): Promise<CaseRow> {
  const dataset = await server.dataset();
  const answer = await server.form('/api/datasets/data', {
    fields: { datasetName: dataset.name },
    files: { image, mask },
  });
  const row = { file, request, status: answer.status };
  if (!isStored(answer)) return { ...row, stored: refusalOf(answer), job: NO_JOB };
  const item = at(
    (await server.get(`/api/datasets/${encodeURIComponent(dataset.name)}/data`)).body,
    'data',
    'items',
    0,
  );
  const [width, height, share] = ['width', 'height', 'holeShare'].map((key) => Number(at(item, key)));
  const hole =
    at(item, 'holeShare') === null
      ? ''
      : `, hole ${String(Math.round(share * width * height))} px (${String(at(item, 'maskReading'))})`;
  const stored = `${String(width)}x${String(height)}${hole}${warningsOf(answer.body)}`;
  return { ...row, stored, job: await inpaint(server, dataset.name) };
}

async function inpaint(server: CaseServer, datasetName: string): Promise<string> {
  const answer = await server.post('/api/inferences', { datasetName, modelId: 'telea', parameters: {} });
  if (!isStored(answer)) return `${String(answer.status)} ${refusalOf(answer)}`;
  const id = String(answer.body.jobId);
  const job = await server.finish(id, `/api/inferences/job/${id}/status`);
  if (job.status !== 'COMPLETED') return failureOf(job);
  const details = at(job.body, 'data', 'result', 'details');
  const items = listAt(details, 'items');
  const warnings = items.flatMap((item) => listAt(item, 'warnings'));
  const frames = items.reduce((sum: number, item) => sum + Number(at(item, 'frames') ?? 1), 0);
  return `COMPLETED ${shortened(at(details, 'counts'))}, ${String(frames)} frames${warnings.length > 0 ? `; warnings ${shortened(warnings)}` : ''}`;
}

async function tryClassification(server: CaseServer, file: string): Promise<CaseRow> {
  const answer = await server.form('/api/inference/execute', {
    fields: { model_id: 'shapes', top_k: '1' },
    files: { image: file },
  });
  const row = { file, request: 'POST /api/inference/execute (form)', status: answer.status };
  if (answer.status !== 200) return { ...row, stored: refusalOf(answer), job: NO_JOB };
  return {
    ...row,
    stored: NO_JOB,
    job: `${shortened(at(answer.body, 'metadata', 'image'))}${warningsOf(answer.body)}`,
  };
}

async function tryStored(server: CaseServer, file: string): Promise<CaseRow> {
  const dataset = await server.dataset();
  const answer = await server.form(`/api/dataset/${dataset.id}/images`, {
    fields: { name: path.basename(file).slice(0, 200), type: 'image' },
    files: { content: file },
  });
  const row = { file, request: 'POST /api/dataset/{id}/images', status: answer.status };
  if (!isStored(answer)) return { ...row, stored: refusalOf(answer), job: NO_JOB };
  const image = at(answer.body, 'images', 0);
  const stored = `${String(at(image, 'width'))}x${String(at(image, 'height'))}${warningsOf(answer.body)}`;
  const started = await server.post('/api/inference', {
    task: 'classification',
    datasetId: dataset.id,
    parameters: { modelId: 'shapes', topK: 1 },
  });
  if (!isStored(started)) return { ...row, stored, job: `${String(started.status)} ${refusalOf(started)}` };
  const id = String(at(started.body, 'jobId', 0));
  const job = await server.finish(id, `/api/jobs/${id}`);
  return { ...row, stored, job: job.status === 'COMPLETED' ? 'COMPLETED (classification)' : failureOf(job) };
}

let networks = 0;

/** Installs a label file with a network that has as many classes, as far as possible. */
export async function tryLabels(server: CaseServer, file: string): Promise<readonly CaseRow[]> {
  const id = `labelled-${String((networks += 1))}`;
  const content = await readFile(file);
  const answer = await server.form('/api/models', {
    fields: { id },
    files: {
      model: { name: 'model.onnx', content: colourNetwork({ classes: 2 }) },
      manifest: { name: 'manifest.json', content: Buffer.from('{"preprocessing":"unit"}') },
      labels: { name: path.basename(file), content },
    },
    asAdmin: true,
  });
  const row = {
    file,
    request: `POST /api/models (labels, network of 2 of ${String(COLOURS.length)} colours)`,
    status: answer.status,
  };
  if (!isStored(answer)) return [{ ...row, stored: refusalOf(answer), job: NO_JOB }];
  const image = await pngOf(gradient(16, 16), { width: 16, height: 16 });
  const classified = await server.form('/api/inference/execute', {
    fields: { model_id: id, top_k: '2' },
    files: { image: { name: 'image.png', content: image } },
  });
  const labels = listAt(classified.body, 'predictions').map((prediction) => at(prediction, 'label'));
  return [
    {
      ...row,
      stored: `${String(at(answer.body, 'model', 'classes'))} labels`,
      job: `classes ${shortened(labels)}`,
    },
  ];
}
