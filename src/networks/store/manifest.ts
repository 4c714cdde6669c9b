import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { NetworkIdentity } from '../../domain/job.js';
import { decodeText } from '../../domain/text-encoding.js';
import { AppError } from '../../errors/app-error.js';
import { issueLines } from '../../errors/schema-issues.js';

/** Folder names that may be networks; the pattern also prevents ids from leaving the models folder. */
export const NETWORK_ID = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const fileRecord = z.object({
  path: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/, 'must be a plain file name ending in .onnx'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().positive(),
});

const tensorRecord = z.object({
  name: z.string().min(1),
  dtype: z.string().min(1),
  shape: z.array(z.union([z.number().int().nonnegative(), z.string()])),
});

/** Labels in class order, or a file next to the manifest that contains them. */
export const labelsSchema = z.union([
  z.array(z.string().max(500)).min(1).max(100_000),
  z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*\.(json|txt|csv)$/,
      'must be a plain file name ending in .json, .txt or .csv',
    ),
]);

/**
 * Common fields of every `models/<id>/manifest.json`. Networks add their own fields (thresholds, sizes,
 * labels), which are kept here and validated by the network's own schema, created with
 * `networkManifestSchema.extend`.
 */
export const networkManifestSchema = z.looseObject({
  id: z.string().regex(NETWORK_ID),
  version: z.string().min(1),
  task: z.string().min(1),
  kind: z.string().min(1),
  licence: z.string().min(1),
  /** ONNX files by role, such as `goal` and `step`. */
  files: z.record(z.string(), fileRecord).refine((files) => Object.keys(files).length > 0, 'names no file'),
  /** Inputs and outputs by file; if given, the loaded graph must match. Dynamic dimensions are names. */
  inputs: z.record(z.string(), z.array(tensorRecord)).optional(),
  outputs: z.record(z.string(), z.array(tensorRecord)).optional(),
});

/** See {@link networkManifestSchema}. */
export type NetworkManifest = z.infer<typeof networkManifestSchema>;

/** One input or output in a manifest. */
export type TensorRecord = z.infer<typeof tensorRecord>;

/**
 * Reads `folder/manifest.json`.
 * @throws AppError `NETWORK_NOT_FOUND` (not_found) without a manifest, `NETWORK_MANIFEST_INVALID` when it is
 *   not JSON, violates the schema or has another id than `id`
 */
export async function readManifest(folder: string, id: string): Promise<NetworkManifest> {
  let text: string;
  try {
    text = decodeText(await readFile(join(folder, 'manifest.json')));
  } catch (cause) {
    throw networkNotFound(id, cause);
  }
  const manifest = parseJson(text, id);
  const parsed = networkManifestSchema.safeParse(manifest);
  if (!parsed.success) throw manifestInvalid(id, issueLines(parsed.error, manifest).join('; '));
  if (parsed.data.id !== id) throw manifestInvalid(id, `its id is ${parsed.data.id}`);
  return parsed.data;
}

/**
 * Identity of the network's content, for results: the digest of its only file, or of the sorted lines `name
 * sha256` of all files.
 */
export function networkIdentity({ id, version, files }: NetworkManifest): NetworkIdentity {
  const all = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  if (all.length === 1) return { id, version, sha256: all[0][1].sha256 };
  const lines = all.map(([name, { sha256 }]) => `${name} ${sha256}\n`).join('');
  return { id, version, sha256: createHash('sha256').update(lines).digest('hex') };
}

/** The error for a network, or a file of one, that is not installed. */
export const networkNotFound = (id: string, cause?: unknown): AppError =>
  new AppError('NETWORK_NOT_FOUND', {
    message: `There is no network ${id} in the models folder.`,
    details: { network: id },
    cause,
  });

const manifestInvalid = (id: string, why: string): AppError =>
  new AppError('NETWORK_MANIFEST_INVALID', {
    message: `The manifest of network ${id} is not valid: ${why}`,
    details: { network: id },
  });

function parseJson(text: string, id: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw manifestInvalid(id, 'it is not JSON');
  }
}
