import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { FallbackBlobStore } from '../../../src/storage/fallback-blob-store.js';
import { describeBlobStore } from '../../support/contracts/blob-store.contract.js';

async function openStores() {
  const folder = await mkdtemp(join(tmpdir(), 'fallback-'));
  const [primary, fallback] = ['new', 'old'].map((name) => new DiskBlobStore(join(folder, name)));
  return { folder, primary, fallback, store: new FallbackBlobStore(primary, fallback) };
}

async function* content(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('content'));
}

describe('blob store with a fallback', () => {
  describeBlobStore(async () => {
    const { folder, store } = await openStores();
    return { store, close: () => rm(folder, { recursive: true, force: true }) };
  });

  let stores: Awaited<ReturnType<typeof openStores>>;
  beforeEach(async () => {
    stores = await openStores();
  });
  afterEach(() => rm(stores.folder, { recursive: true, force: true }));

  it('finds what is in either store, and stores in the first', async () => {
    const { primary, fallback, store } = stores;
    const old = await fallback.putStream(content(), { bytes: 7 });
    const fresh = await store.putStream(content(), { bytes: 7 });
    expect(await primary.exists(fresh.key)).toBe(true);
    expect(await fallback.exists(fresh.key)).toBe(false);
    expect(await text(await store.open(old.key))).toBe('content');
    expect(await store.size(old.key)).toBe(7);
    expect(await store.exists(old.key)).toBe(true);
  });

  it('lists a file that is in both once, and removes it from both', async () => {
    const { primary, fallback, store } = stores;
    const { key } = await fallback.putStream(content(), { bytes: 7 });
    await primary.putStream(content(), { bytes: 7, key });
    const keys: string[] = [];
    for await (const blob of store.list()) keys.push(blob.key);
    expect(keys).toEqual([key]);
    await store.remove(key);
    expect([await primary.exists(key), await fallback.exists(key)]).toEqual([false, false]);
  });

  it('finds a file that is migrated between its two questions', async () => {
    const { primary, fallback } = stores;
    const { key } = await fallback.putStream(content(), { bytes: 7 });
    class Moving extends DiskBlobStore {
      override async open(asked: string) {
        await primary.putStream(content(), { bytes: 7, key });
        await fallback.remove(key);
        return super.open(asked);
      }
    }
    const store = new FallbackBlobStore(primary, new Moving(join(stores.folder, 'old')));
    expect(await text(await store.open(key))).toBe('content');
  });
});
