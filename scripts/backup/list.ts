import Table from 'cli-table3';
import { normalPrefix, select } from '../../src/backup/manifest.js';
import type { Restic } from '../../src/backup/restic.js';
import { say, sizeOf } from './output.js';

async function listSnapshots(restic: Restic): Promise<number> {
  const snapshots = await restic.snapshots();
  if (snapshots.length === 0) {
    say('The repository has no snapshot of InferNode yet.');
    return 0;
  }
  const table = new Table({ head: ['snapshot', 'time (UTC)', 'machine'], style: { head: [], border: [] } });
  for (const { short_id, time, hostname } of snapshots) {
    table.push([short_id, new Date(time).toISOString().slice(0, 19), hostname]);
  }
  say(table.toString());
  return 0;
}

/** Lists the files of a snapshot by the names that prefixes use. */
async function listFiles(restic: Restic, id: string, prefix: string): Promise<number> {
  const snapshot = await restic.snapshot(id);
  const manifest = await restic.manifest(snapshot);
  let files = 0;
  for (const { part, source } of select(manifest, normalPrefix(prefix))) {
    const place = manifest.parts.find(({ name }) => name === part)?.path ?? source;
    await restic.list(snapshot.id, [source], ({ path, type, size }) => {
      if (type !== 'file') return;
      files += 1;
      say(`${sizeOf(size).padStart(10)}  ${part}${path.slice(place.length)}`);
    });
  }
  say(`${files} files.`);
  return 0;
}

/** Lists the snapshots, or the files of one. */
export const list = (
  restic: Restic,
  { snapshot, prefix }: { readonly snapshot: string | null; readonly prefix: string },
): Promise<number> =>
  snapshot === null && prefix === ''
    ? listSnapshots(restic)
    : listFiles(restic, snapshot ?? 'latest', prefix);
