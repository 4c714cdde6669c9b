import { createBackup, type BackupSource } from '../../src/backup/create-backup.js';
import type { Restic } from '../../src/backup/restic.js';
import { productVersion } from '../../src/composition/product-version.js';
import { configuredDatabaseUrl, databaseConfig } from '../../src/config/database.js';
import type { Settings } from '../../src/config/settings.js';
import { hasEmbeddedDatabase } from '../../src/lifecycle/embedded-postgres.js';
import { openDatabase } from '../database/open-database.js';
import { openProgress, say, sizeOf } from './output.js';

function sourceOf(settings: Settings, databaseUrl: string): BackupSource {
  const { folders, storage, token } = settings;
  const { kind, fallback, s3 } = storage;
  const onDisk = kind === 'disk' || fallback === 'disk';
  return {
    dataRoot: folders.data,
    databaseUrl,
    embedded: configuredDatabaseUrl(settings) === null,
    mediaFolder: onDisk ? folders.media : null,
    externalMedia: s3 === null ? null : `s3://${s3.bucket}/${s3.prefix}`,
    modelsFolder: folders.models,
    privateKey: token.privateKeyPath,
    publicKey: token.publicKeyPath,
    version: productVersion(),
  };
}

/** Stores a snapshot, whether InferNode runs or not. */
export async function create(restic: Restic, settings: Settings): Promise<number> {
  // Without a database there is nothing to back up; its start would create an empty one.
  if (!hasEmbeddedDatabase(settings.folders.data)) databaseConfig(settings, 'infernode-backup');
  const database = await openDatabase(settings, 'infernode-backup');
  try {
    let progress: ReturnType<typeof openProgress> | undefined;
    const result = await createBackup(sourceOf(settings, database.url), {
      restic,
      observer: { say, progress: (share) => (progress ??= openProgress()).update(share) },
    }).finally(() => progress?.end());
    const { snapshotId, files, bytes, addedBytes, unread, lostMedia } = result;
    if (unread !== '') say(`Files that disappeared or could not be read: ${unread}`);
    if (settings.storage.s3 !== null) {
      say('Media in the bucket are not part of the snapshot: docs/backup.md says how to keep them.');
    }
    if (lostMedia > 0) {
      say(`${lostMedia} media had no file before the backup: "npm run storage -- check" lists them.`);
    }
    say(
      `Snapshot ${snapshotId.slice(0, 8)}: ${files} files, ${sizeOf(bytes)}, ${sizeOf(addedBytes)} of them new.`,
    );
    return 0;
  } finally {
    await database.stop();
  }
}
