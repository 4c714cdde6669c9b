import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Records the digest of each installed manifest by network; a hidden file, so that it is not taken for a network. */
const RECORD_FILE = '.shipped.json';
const MANIFEST_FILE = 'manifest.json';
/** Folder of uploaded versions of a network; kept by upgrades. */
const VERSIONS_FOLDER = 'versions';
const recordSchema = z.record(z.string(), z.string());

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

/** Content of a file; `null` when it does not exist. */
async function readOrNull(file: string): Promise<Buffer | null> {
  return readFile(file).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
}

async function renameIfPresent(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Copies a network next to its target and swaps the folders, so that readers see either the old or the new one. */
async function replaceNetwork(source: string, target: string): Promise<void> {
  const folder = path.dirname(target);
  const incoming = path.join(folder, `.incoming-${randomUUID()}`);
  const outgoing = path.join(folder, `.outgoing-${randomUUID()}`);
  try {
    await cp(source, incoming, { recursive: true });
    await renameIfPresent(path.join(target, VERSIONS_FOLDER), path.join(incoming, VERSIONS_FOLDER));
    await renameIfPresent(target, outgoing);
    await rename(incoming, target);
  } finally {
    await rm(incoming, { recursive: true, force: true });
    await rm(outgoing, { recursive: true, force: true });
  }
}

/**
 * Installs the networks of a container image in the models volume: those never installed there and those whose manifest
 * has changed since. A network removed by an administrator stays removed until a new version ships; other networks are
 * not touched.
 * @param shipped folder with one sub-folder per network; each manifest contains the digests of the other files
 * @returns names of the installed networks
 * @throws file system errors when `models` is not writable
 */
export async function installShippedNetworks(shipped: string, models: string): Promise<readonly string[]> {
  if (path.resolve(shipped) === path.resolve(models)) return [];
  await mkdir(models, { recursive: true });
  const recordFile = path.join(models, RECORD_FILE);
  const stored = await readOrNull(recordFile);
  const record = stored === null ? {} : recordSchema.parse(JSON.parse(stored.toString('utf8')));
  const installed: string[] = [];
  for (const entry of await readdir(shipped, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const manifest = await readOrNull(path.join(shipped, entry.name, MANIFEST_FILE));
    if (manifest === null) continue;
    const digest = createHash('sha256').update(manifest).digest('hex');
    if (record[entry.name] === digest) continue;
    await replaceNetwork(path.join(shipped, entry.name), path.join(models, entry.name));
    record[entry.name] = digest;
    installed.push(entry.name);
  }
  if (installed.length > 0) await writeRecord(recordFile, record);
  return installed;
}

/** Written atomically by rename, so that a killed container leaves the old or the new record. */
async function writeRecord(file: string, record: Readonly<Record<string, string>>): Promise<void> {
  const draft = `${file}-${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(record, null, 2)}\n`);
  await rename(draft, file);
}
