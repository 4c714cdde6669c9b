import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { NetworkProblem, NetworkSource } from '../../domain/network.js';
import { AppError } from '../../errors/app-error.js';
import { fileSha256 } from './file-digest.js';
import { MANIFEST_FILE } from './layout.js';
import { networkNotFound, type NetworkManifest } from './manifest.js';

const LFS_FIRST_LINE = 'version https://git-lfs';

const filesSchema = z.record(
  z.string(),
  z.object({ path: z.string(), sha256: z.string().optional(), bytes: z.number().optional() }),
);

/** Files that a manifest lists; empty if the list is invalid. */
function filesIn({
  files,
}: Readonly<Record<string, unknown>>): readonly z.infer<typeof filesSchema>[string][] {
  const parsed = filesSchema.safeParse(files);
  return parsed.success ? Object.values(parsed.data) : [];
}

/** Paths of the ONNX files that a manifest lists, relative to its folder. */
export const modelPathsIn = (manifest: Readonly<Record<string, unknown>>): readonly string[] =>
  filesIn(manifest).map(({ path }) => path);

/** All files that determine the description of a network in the folder layout. */
export async function filesReadIn(folder: string): Promise<readonly string[]> {
  const path = join(folder, MANIFEST_FILE);
  const manifest = parseObject(await readFile(path, 'utf8').catch(() => ''));
  const { labels } = manifest;
  const names = [...modelPathsIn(manifest), ...(typeof labels === 'string' ? [labels] : [])];
  return [path, ...names.map((name) => join(folder, name))];
}

/** Checks that the files of a network exist and have the sizes in its manifest. */
export async function fileProblem(
  folder: string,
  manifest: Readonly<Record<string, unknown>> & { readonly id: string },
): Promise<NetworkProblem | null> {
  const { id } = manifest;
  for (const { path, bytes } of filesIn(manifest)) {
    const file = await stat(join(folder, path)).catch(() => null);
    if (!file) {
      return { code: 'NETWORK_FILE_MISSING', message: `Network ${id} has no file ${path}.` };
    }
    if (file.size === bytes) continue;
    if (await isPointer(join(folder, path))) {
      const message = `The file ${path} of network ${id} is a git-lfs pointer; fetch the file itself.`;
      return { code: 'NETWORK_LFS_POINTER', message };
    }
    return otherContent(id, path, `${String(file.size)} bytes instead of ${String(bytes)}`);
  }
  return null;
}

/** Checks that the files of a network have the content declared by its manifest. */
export async function contentProblem({ network, folder }: NetworkSource): Promise<NetworkProblem | null> {
  for (const { path, sha256 } of filesIn(network.manifest)) {
    // A file deleted just now is reported when the network is read again.
    const found = await fileSha256(join(folder, path)).catch(() => null);
    if (found !== null && found !== sha256) return otherContent(network.id, path, 'its SHA-256 differs');
  }
  return null;
}

/**
 * Content of one file of a network, checked against the manifest's size and digest.
 * @throws AppError `NETWORK_NOT_FOUND` for a file that is not listed or does not exist,
 *   `NETWORK_DIGEST_MISMATCH` for other content
 */
export async function readNetworkFile(
  folder: string,
  manifest: NetworkManifest,
  name: string,
): Promise<Uint8Array> {
  const record = Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined;
  if (record === undefined) throw networkNotFound(`${manifest.id}/${name}`);
  let content: Uint8Array;
  try {
    content = await readFile(join(folder, record.path));
  } catch (cause) {
    throw networkNotFound(`${manifest.id}/${record.path}`, cause);
  }
  const sha256 = createHash('sha256').update(content).digest('hex');
  if (sha256 === record.sha256) return content;
  throw new AppError('NETWORK_DIGEST_MISMATCH', {
    message: `The file ${record.path} of network ${manifest.id} is not the one its manifest describes${explainMismatch(content, record.bytes)}.`,
    details: { network: manifest.id, file: record.path, expected: record.sha256, found: sha256 },
  });
}

function explainMismatch(content: Uint8Array, expectedBytes: number): string {
  if (startsAsPointer(content)) return ': it is a git-lfs pointer; fetch the file itself';
  return content.length === expectedBytes
    ? ''
    : ` (${String(content.length)} bytes instead of ${String(expectedBytes)})`;
}

const startsAsPointer = (content: Uint8Array): boolean =>
  Buffer.from(content.subarray(0, LFS_FIRST_LINE.length)).toString('latin1') === LFS_FIRST_LINE;

const otherContent = (id: string, path: string, why: string): NetworkProblem => ({
  code: 'NETWORK_DIGEST_MISMATCH',
  message: `The file ${path} of network ${id} is not the one its manifest describes (${why}).`,
});

async function isPointer(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(LFS_FIRST_LINE.length), 0, LFS_FIRST_LINE.length, 0);
    return startsAsPointer(buffer);
  } finally {
    await file.close();
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}
