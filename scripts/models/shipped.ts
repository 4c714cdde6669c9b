import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** Digest of each shipped manifest that was installed, by network; hidden, so that no reader takes it for a network. */
const RECORD_FILE = '.shipped.json';
const MANIFEST_FILE = 'manifest.json';
/** Uploaded versions of a network lie in this folder of it and outlive an upgrade. */
const VERSIONS_FOLDER = 'versions';
const recordSchema = z.record(z.string(), z.string());

const isMissing = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';

/** Contents of a file; null where there is none. */
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

/** Copies a network next to its place and swaps the folders, so that readers see the old or the new one. */
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
 * Installs the networks of an image in the models folder of a volume: those that were never installed there and those
 * whose shipped manifest has changed since. A network that an administrator removed stays removed until a new version
 * ships; networks of other names are left alone.
 * @param shipped folder with one sub-folder a network; its manifest holds the digests of the other files
 * @returns the names of the networks that were installed
 * @throws Error of the file system, where `models` cannot be written
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

/** Renamed into place: a container that is killed leaves the old record or the new one. */
async function writeRecord(file: string, record: Readonly<Record<string, string>>): Promise<void> {
  const draft = `${file}-${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(record, null, 2)}\n`);
  await rename(draft, file);
}
