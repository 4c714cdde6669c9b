import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { v7 as uuid } from 'uuid';
import { CountRecorder } from '../../../src/services/count-recorder.js';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { MeteredBlobStore } from '../../../src/storage/metered-blob-store.js';
import type { CountIncrement } from '../../../src/domain/metrics.js';
import { StorageMeter } from '../../../src/storage/storage-meter.js';
import { describeBlobStore } from '../../support/contracts/blob-store.contract.js';

describe('metered blob store', () => {
  let folder: string;
  let meter: StorageMeter;
  let store: MeteredBlobStore;

  const open = async () => {
    folder = await mkdtemp(join(tmpdir(), 'metered-'));
    meter = new StorageMeter();
    store = new MeteredBlobStore(new DiskBlobStore(folder), 'disk', meter);
    return { store, close: () => rm(folder, { recursive: true, force: true }) };
  };
  describeBlobStore(open);

  const valueOf = (counts: readonly CountIncrement[], name: string, labels: object = {}) =>
    counts
      .filter((count) => count.name === name)
      .find((count) => JSON.stringify(count.labels) === JSON.stringify({ storage: 'disk', ...labels }))
      ?.value;

  it('counts operations, their times and bytes, and what failed', async () => {
    const { close } = await open();
    const file = join(folder, 'file');
    await writeFile(file, 'content');
    const { key } = await store.put(file);
    await buffer(await store.open(key));
    await expect(store.size(uuid())).rejects.toMatchObject({ code: 'MEDIA_MISSING' });
    await expect(store.put(join(folder, 'none'))).rejects.toThrow();
    const counts = meter.take();
    expect(valueOf(counts, 'storage_written_bytes_total')).toBe(7);
    expect(valueOf(counts, 'storage_operation_seconds_count', { operation: 'put' })).toBe(2);
    expect(valueOf(counts, 'storage_operation_seconds_bucket', { operation: 'put', le: '+Inf' })).toBe(2);
    expect(valueOf(counts, 'storage_operation_seconds_bucket', { operation: 'put', le: '60' })).toBe(2);
    expect(valueOf(counts, 'storage_operation_seconds_sum', { operation: 'put' })).toBeGreaterThan(0);
    expect(valueOf(counts, 'storage_errors_total', { operation: 'put' })).toBe(1);
    // A file that does not exist is no failure of the storage.
    expect(valueOf(counts, 'storage_operation_seconds_count', { operation: 'size' })).toBe(1);
    expect(valueOf(counts, 'storage_errors_total', { operation: 'size' })).toBeUndefined();
    expect(meter.take()).toEqual([]);
    await close();
  });

  it('has counts that survive a database which does not respond', async () => {
    const counted = new StorageMeter();
    const added: CountIncrement[] = [];
    let responds = false;
    const add = async (increments: readonly CountIncrement[]): Promise<void> => {
      if (!responds) throw new Error('no connection');
      added.push(...increments);
    };
    const metrics = { add, read: async () => [], readStorage: async () => [] };
    const recorder = new CountRecorder(counted, { metrics });
    counted.add('storage_errors_total', { storage: 's3' });
    await expect(recorder.runOnce()).rejects.toThrow('no connection');
    counted.add('storage_errors_total', { storage: 's3' });
    responds = true;
    await recorder.runOnce();
    await recorder.runOnce();
    expect(added).toEqual([{ name: 'storage_errors_total', labels: { storage: 's3' }, value: 2 }]);
  });
});
