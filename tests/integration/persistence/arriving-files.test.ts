import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { RetentionService } from '../../../src/services/retention.service.js';
import type { MediaInspector } from '../../../src/services/upload-inspection.js';
import { UploadService, type MediaStore, type Upload } from '../../../src/services/upload.service.js';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { openAccount, openDataset } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

const KEPT = { trash: 30, results: 0, events: 0, audit: 0 };
const CONTENT = 'a video';

function notAsked(): never {
  throw new Error('An upload of one video asks for nothing else.');
}

/** Finds ten frames in every file. */
const INSPECTOR: MediaInspector = {
  kindOf: async () => 'video',
  probeVideo: async () => ({
    ...{ container: 'mp4', width: 64, height: 48, frameCount: 10, frameSource: null },
    ...{ fps: { num: 30, den: 1 }, durationSeconds: 1 / 3 },
  }),
  requireSpace: async () => undefined,
  readMaskVideo: notAsked,
  importImage: notAsked,
  drawMask: notAsked,
  openArchive: notAsked,
};

describe('files that are being stored', () => {
  let world: RealPersistence;
  let folder: string;
  let store: DiskBlobStore;
  beforeEach(async () => {
    world = await openRealPersistence();
    folder = await mkdtemp(path.join(tmpdir(), 'arriving-files-'));
    store = new DiskBlobStore(path.join(folder, 'media'));
  });
  afterEach(async () => {
    await world.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function upload(): Promise<Upload> {
    const { id: userId } = await openAccount(world, 100);
    const { id: datasetId } = await openDataset(world, userId);
    const file = {
      path: path.join(folder, uuidv7()),
      bytes: CONTENT.length,
      sha256: uuidv7().replaceAll('-', '').repeat(2),
    };
    await writeFile(file.path, CONTENT);
    const form = { name: 'clip.mp4', isArchive: false, file };
    const facts = { title: 'clip.mp4', receivedBytes: file.bytes };
    return { principal: { userId }, datasetId, ...facts, content: { kind: 'videos', form } };
  }

  const uploads = (to: MediaStore) =>
    new UploadService(world.unitOfWork, { inspector: INSPECTOR, store: to });

  /** One round of a worker. */
  const removeFiles = () => new RetentionService(world.unitOfWork, store, KEPT).removeFiles();

  const dayPasses = () =>
    world.database.sequelize.query(
      "UPDATE arriving_files SET announced_at = announced_at - interval '25 hours'",
    );

  async function storedKeys(): Promise<readonly string[]> {
    const keys: string[] = [];
    for await (const { key } of store.list()) keys.push(key);
    return keys;
  }

  const listed = async () => (await world.database.sequelize.query('SELECT 1 FROM arriving_files'))[0].length;

  /** An upload whose process is killed when its file is stored. */
  async function killedUpload(): Promise<void> {
    const request = await upload();
    await new Promise<void>((resolve) => {
      const put: MediaStore['put'] = async (...file) => {
        await store.put(...file);
        resolve();
        return new Promise(() => undefined);
      };
      void uploads({ put, remove: notAsked }).add(request);
    });
  }

  it('are removed a day after the process was killed that stored them, and no others', async () => {
    await uploads(store).add(await upload());
    const [kept] = await storedKeys();
    expect(await listed()).toBe(0);
    const ofAnotherDatabase = uuidv7();
    await writeFile(path.join(folder, 'other'), 'other');
    await store.put(path.join(folder, 'other'), { key: ofAnotherDatabase });
    await killedUpload();
    expect(await storedKeys()).toHaveLength(3);
    expect(await removeFiles()).toBe(0);
    await dayPasses();
    expect(await removeFiles()).toBe(1);
    expect([...(await storedKeys())].sort()).toEqual([kept, ofAnotherDatabase].sort());
    expect(await listed()).toBe(0);
  });

  it('are not removed under an upload that commits: one that takes a day ends, charges and leaves nothing', async () => {
    const request = await upload();
    const slow: MediaStore = {
      put: async (...file) => {
        const stored = await store.put(...file);
        await dayPasses();
        await removeFiles();
        return stored;
      },
      remove: (key) => store.remove(key),
    };
    await expect(uploads(slow).add(request)).rejects.toMatchObject({ code: 'UPLOAD_ENDED' });
    expect(await storedKeys()).toEqual([]);
    const { userId } = request.principal;
    const rows = await world.unitOfWork.read.ledger.listByUser(userId, 10);
    expect(rows.map(({ kind }) => kind)).not.toContain('upload');
  });

  it('leave nothing on the list when an upload fails', async () => {
    const failing: MediaStore = {
      put: async () => {
        throw new Error('The disk is gone.');
      },
      remove: (key) => store.remove(key),
    };
    await expect(uploads(failing).add(await upload())).rejects.toThrow('The disk is gone.');
    expect(await listed()).toBe(0);
  });
});
