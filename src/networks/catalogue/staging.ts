import { createHash } from 'node:crypto';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppError } from '../../errors/app-error.js';
import { invalidField } from '../../errors/common-errors.js';
import { DETECTOR_TASK } from '../detection/detector-manifest.js';
import { parseLabels } from '../store/labels.js';
import type { NetworkParts } from './uploaded-network.js';
import { emptyFile, LABELS_FILE, MANIFEST_FILE, MODEL_FILE } from '../store/layout.js';

/**
 * Copies the files of a new network into a staging folder.
 * @returns the manifest with the labels inline
 * @throws AppError `NETWORK_NOT_ONNX`, `LABELS_MISSING` or `LABELS_INVALID` (invalid)
 */
export async function stageNetwork(
  network: NetworkParts,
  folder: string,
): Promise<Readonly<Record<string, unknown>>> {
  const model = join(folder, MODEL_FILE);
  await move(network.modelPath, model);
  const bytes = await readFile(model);
  if (bytes.length === 0) throw emptyFile(MODEL_FILE);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const labels = await stageLabels(network, folder);
  const task = taskOf(network.manifest);
  const isDetector = task === DETECTOR_TASK;
  const manifest = {
    kind: isDetector ? 'detector' : 'classifier',
    licence: 'unknown',
    preprocessing: isDetector ? 'unit' : 'imagenet',
    ...network.manifest,
    ...(labels && { labels: LABELS_FILE }),
    id: network.id,
    version: network.version,
    task,
    files: { model: { path: MODEL_FILE, sha256, bytes: bytes.length } },
  };
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  return labels ? { ...manifest, labels } : manifest;
}

/** The task of a network to be installed: classification unless its manifest says detection. */
export function taskOf({ task }: NetworkParts['manifest']): typeof DETECTOR_TASK | 'classification' {
  return task === DETECTOR_TASK ? task : 'classification';
}

async function stageLabels(
  { id, labels, manifest }: NetworkParts,
  folder: string,
): Promise<readonly string[] | null> {
  if (labels === undefined) {
    // Only uploaded files are installed, so a label file that the upload lacks cannot be found later.
    if (typeof manifest.labels === 'string') throw labelsMissing(manifest.labels);
    return null;
  }
  const names = parseLabels(labels, id);
  await writeFile(join(folder, LABELS_FILE), `${JSON.stringify(names, null, 1)}\n`);
  return names;
}

/** Renames a file, or copies it if the staging folder is on another file system. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async () => {
    await cp(from, to);
    await rm(from, { force: true });
  });
}

const labelsMissing = (file: string): AppError =>
  invalidField(
    '/labels',
    'LABELS_MISSING',
    `The manifest names the labels ${file}, but the form has no part labels: send them as that part, or as a list in the manifest.`,
  );
