import type { Principal } from '../../../src/domain/user.js';
import { AppError } from '../../../src/errors/app-error.js';
import type { MediaInspector } from '../../../src/services/upload-inspection.js';
import { UploadService, type MediaStore, type Upload } from '../../../src/services/upload.service.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';

const FILE = { path: '/tmp/clip', bytes: 10, sha256: 'a'.repeat(64) };

/** Finds ten frames in every file. */
const INSPECTOR: MediaInspector = {
  kindOf: async () => 'video',
  probeVideo: async () => ({
    container: 'mp4',
    width: 64,
    height: 48,
    frameCount: 10,
    frameSource: null,
    fps: { num: 30, den: 1 },
    durationSeconds: 1 / 3,
  }),
  requireSpace: async () => undefined,
  readMaskVideo: notAsked,
  importImage: notAsked,
  drawMask: notAsked,
  openArchive: notAsked,
};

function notAsked(): never {
  throw new Error('An upload of one video asks for nothing else.');
}

/** Commits, and then cannot say so. */
class ForgetfulUnitOfWork extends InMemoryUnitOfWork {
  override async run<Value>(work: Parameters<InMemoryUnitOfWork['run']>[0]): Promise<Value> {
    await super.run(work);
    throw new AppError('DATABASE_UNAVAILABLE', { message: 'It is gone.' });
  }
}

class CountingStore implements MediaStore {
  readonly kept = new Set<string>();

  put: MediaStore['put'] = async (_path, { key = 'a key of its own' } = {}) => {
    this.kept.add(key);
    return { key, bytes: 10 };
  };

  remove = async (key: string): Promise<void> => void this.kept.delete(key);
}

async function rig(unitOfWork: InMemoryUnitOfWork, balance: bigint) {
  const email = 'owner@example.com';
  const { id } = await unitOfWork.read.users.create({ email, passwordHash: 'x', role: 'user' });
  const principal: Principal = { userId: id, email, role: 'user' };
  const grant = { userId: id, kind: 'grant', amount: balance, delta: balance, description: 'Start' } as const;
  await unitOfWork.read.ledger.append(grant);
  const dataset = await unitOfWork.read.datasets.create({ userId: id, name: 'clips', tags: [] });
  const store = new CountingStore();
  const upload: Upload = {
    principal,
    datasetId: dataset.id,
    title: 'clip.mp4',
    receivedBytes: FILE.bytes,
    content: { kind: 'videos', form: { name: 'clip.mp4', isArchive: false, file: FILE } },
  };
  return { uploads: new UploadService(unitOfWork, { inspector: INSPECTOR, store }), store, upload };
}

describe('UploadService', () => {
  it('keeps the files of rows that may stand, where the answer to the commit is lost', async () => {
    const unitOfWork = new ForgetfulUnitOfWork();
    const { uploads, store, upload } = await rig(unitOfWork, 10_000_000n);
    await expect(uploads.add(upload)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const [media] = [...unitOfWork.store.media.values()];
    expect([...store.kept]).toEqual([media.storageKey]);
  });

  it('removes the files of an upload that nobody can pay for', async () => {
    const unitOfWork = new InMemoryUnitOfWork();
    const { uploads, store, upload } = await rig(unitOfWork, 1n);
    await expect(uploads.add(upload)).rejects.toMatchObject({ code: 'INSUFFICIENT_CREDITS' });
    expect([...store.kept]).toEqual([]);
    expect(unitOfWork.store.media.size).toBe(0);
  });
});
