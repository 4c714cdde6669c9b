import { mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';

const COPY_BYTES = 2 ** 20;
/** Folders whose content belongs to the running server: they are copied empty, as PostgreSQL's documentation asks for. */
const EMPTIED = new Set([
  'pg_wal',
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const LEFT_OUT = /^(?:postmaster\.(?:pid|opts)|pgsql_tmp.*|pg_internal\.init.*|backup_label|tablespace_map)$/;
/** A segment of the WAL, or a timeline's history. */
const WAL_FILE = /^(?:[0-9A-F]{24}|[0-9A-F]{8}\.history)$/;

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/**
 * Copies a file that another process may change meanwhile. It is read to its end as it is then: copying by the length
 * at the beginning never ends for a file that becomes shorter.
 * @returns false when the file does not exist any more
 */
async function copyFile(source: string, target: string): Promise<boolean> {
  const from = await open(source, 'r').catch((error: unknown) => {
    if (isGone(error)) return null;
    throw error;
  });
  if (from === null) return false;
  try {
    const to = await open(target, 'wx', 0o600);
    try {
      const buffer = Buffer.allocUnsafe(COPY_BYTES);
      for (;;) {
        const { bytesRead } = await from.read(buffer, 0, COPY_BYTES, null);
        if (bytesRead === 0) return true;
        await to.writeFile(buffer.subarray(0, bytesRead));
      }
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/**
 * Copies the files of a running cluster, except for its WAL. They are consistent only together with the WAL that was
 * written meanwhile.
 */
export async function copyClusterFiles(source: string, target: string): Promise<void> {
  await mkdir(target, { mode: 0o700 });
  const entries = await readdir(source, { withFileTypes: true }).catch((error: unknown) => {
    if (isGone(error)) return [];
    throw error;
  });
  for (const entry of entries) {
    const [from, to] = [path.join(source, entry.name), path.join(target, entry.name)];
    if (LEFT_OUT.test(entry.name)) continue;
    if (entry.isFile()) await copyFile(from, to);
    else if (!entry.isDirectory()) continue;
    else if (EMPTIED.has(entry.name)) await mkdir(to, { mode: 0o700 });
    else await copyClusterFiles(from, to);
  }
}

/** Copies the WAL from one segment to another, both included. */
export async function copyWal(
  source: string,
  target: string,
  { first, last }: { readonly first: string; readonly last: string },
): Promise<void> {
  const [from, to] = [path.join(source, 'pg_wal'), path.join(target, 'pg_wal')];
  // The names of one timeline have the order of its segments.
  const names = (await readdir(from)).filter((name) => WAL_FILE.test(name));
  const needed = names.filter((name) => name.endsWith('.history') || (name >= first && name <= last));
  for (const edge of [first, last]) {
    if (!needed.includes(edge)) throw new Error(`The WAL segment ${edge} is missing.`);
  }
  for (const name of needed) await copyFile(path.join(from, name), path.join(to, name));
  await mkdir(path.join(to, 'archive_status'), { mode: 0o700 });
}

/** Sum of the sizes of all files of a folder. */
export async function bytesBelow(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(path.join(entry.parentPath, entry.name), 'r').catch(() => null);
    bytes += (await file?.stat())?.size ?? 0;
    await file?.close();
  }
  return bytes;
}
