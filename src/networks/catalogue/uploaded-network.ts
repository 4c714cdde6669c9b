import { readFile, stat } from 'node:fs/promises';
import type { NewNetwork } from '../../domain/network.js';
import { decodeText } from '../../domain/text-encoding.js';
import { findMalformed } from '../../domain/well-formed.js';
import { invalidField } from '../../errors/common-errors.js';

/** Maximum size of a manifest or a list of labels in bytes. */
const MAX_JSON_BYTES = 4 * 2 ** 20;

/** A new network with its parsed manifest and labels. */
export interface NetworkParts extends Pick<NewNetwork, 'id' | 'version' | 'modelPath'> {
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly labels?: Uint8Array;
}

/**
 * Parses the files that accompany a model file. @throws AppError `TOO_LONG`, `NETWORK_MANIFEST_INVALID`
 * (invalid)
 */
export async function readNetworkParts({
  manifestPath,
  labelsPath,
  ...rest
}: NewNetwork): Promise<NetworkParts> {
  const [manifest, labels] = await Promise.all([
    readPart(manifestPath, '/manifest'),
    readPart(labelsPath, '/labels'),
  ]);
  return { ...rest, manifest: parseManifest(manifest), ...(labels !== undefined && { labels }) };
}

async function readPart(path: string | undefined, pointer: string): Promise<Uint8Array | undefined> {
  if (path === undefined) return undefined;
  const { size } = await stat(path);
  if (size <= MAX_JSON_BYTES) return readFile(path);
  throw invalidField(
    pointer,
    'TOO_LONG',
    `${pointer}: it has ${String(size)} bytes; at most ${String(MAX_JSON_BYTES)} are allowed.`,
  );
}

function parseManifest(content: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  if (content === undefined) return {};
  const parsed = parseJson(decodeText(content));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw invalidField('/manifest', 'NETWORK_MANIFEST_INVALID', '/manifest: it must be a JSON object.');
  }
  // Like in any body, its texts must be safe to display and log.
  for (const { pointer, message } of findMalformed(parsed)) {
    const field = `/manifest${pointer}`;
    throw invalidField(field, 'NETWORK_MANIFEST_INVALID', `${field}: ${message}.`);
  }
  return { ...parsed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
