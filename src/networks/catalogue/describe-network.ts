import type { z } from 'zod';
import type { InstalledNetwork, NetworkProblem } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';
import { classifierManifestSchema } from '../classification/classifier-manifest.js';
import { DETECTOR_TASK, detectorManifestSchema } from '../detection/detector-manifest.js';
import { preprocessingName } from '../preprocessing/resolve-preprocessing.js';
import {
  networkIdentity,
  networkManifestSchema,
  readManifest,
  type NetworkManifest,
} from '../store/manifest.js';
import { listedLabels } from '../store/labels.js';
import { fileProblem } from '../store/network-files.js';

/** Task of a network whose manifest cannot be read. */
export const UNKNOWN_TASK = 'unknown';

/**
 * Describes a network in the folder layout by its manifest; its files are only checked for existence and
 * size.
 * @throws AppError `NETWORK_NOT_FOUND` (not_found) without a manifest, `NETWORK_MANIFEST_INVALID` or
 *   `LABELS_…`
 */
export async function describeFolder(folder: string, id: string): Promise<InstalledNetwork> {
  const manifest = await withLabels(folder, await readManifest(folder, id));
  const described = describeManifest(manifest, 'folder');
  return { ...described, problem: await fileProblem(folder, manifest) };
}

async function withLabels(folder: string, manifest: NetworkManifest): Promise<NetworkManifest> {
  const { labels, id } = manifest;
  return typeof labels === 'string'
    ? { ...manifest, labels: await listedLabels(folder, { id, labels }) }
    : manifest;
}

/** Describes a network by its manifest. @throws AppError `NETWORK_MANIFEST_INVALID` (invalid) */
export function describeManifest(
  manifest: Readonly<Record<string, unknown>>,
  layout: 'folder' | 'flat',
): InstalledNetwork {
  const general = checked(networkManifestSchema, manifest, manifest.id);
  const tasked = taskManifest(general.task, manifest);
  const labels = tasked?.labels;
  const source: unknown = manifest.source;
  return {
    id: general.id,
    version: general.version,
    task: general.task,
    layout,
    sha256: networkIdentity(general).sha256,
    bytes: Object.values(general.files).reduce((sum, { bytes }) => sum + bytes, 0),
    licence: general.licence,
    source: typeof source === 'string' ? source : null,
    classes: Array.isArray(labels) ? labels.length : null,
    preprocessing: tasked ? preprocessingName(tasked.preprocessing) : null,
    problem: null,
    manifest: tasked ?? general,
  };
}

/**
 * The manifest validated with the schema of its task; undefined for tasks that validate it when the network
 * is opened.
 */
function taskManifest(task: string, manifest: Readonly<Record<string, unknown>>) {
  if (task === 'classification') return checked(classifierManifestSchema, manifest, manifest.id);
  if (task === DETECTOR_TASK) return checked(detectorManifestSchema, manifest, manifest.id);
  return undefined;
}

/** @throws AppError `NETWORK_MANIFEST_INVALID` (invalid) */
function checked<Value>(schema: z.ZodType<Value>, manifest: unknown, id: unknown): Value {
  const parsed = schema.safeParse(manifest);
  if (parsed.success) return parsed.data;
  const why = issueLines(parsed.error, manifest).join('; ');
  throw new AppError('NETWORK_MANIFEST_INVALID', {
    message: `The manifest of network ${String(id)} is not valid: ${why}`,
  });
}

/** An unusable network: only its place is known, and the reason why it cannot be used. */
export const unusable = (
  { id, layout }: Pick<InstalledNetwork, 'id' | 'layout'>,
  problem: NetworkProblem,
): InstalledNetwork => ({
  id,
  version: '0',
  task: UNKNOWN_TASK,
  layout,
  sha256: '',
  bytes: 0,
  licence: null,
  source: null,
  classes: null,
  preprocessing: null,
  problem,
  manifest: {},
});
