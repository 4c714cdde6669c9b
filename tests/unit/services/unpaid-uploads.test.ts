import type { IncomingUpload } from '../../../src/domain/incoming-upload.js';
import { insufficientCredits } from '../../../src/domain/insufficient-credits.js';
import type { User } from '../../../src/domain/user.js';
import { AppError } from '../../../src/errors/app-error.js';
import { UnpaidUploads } from '../../../src/services/unpaid-uploads.js';

const upload = { id: 'upload', userId: 'user', state: 'open', held: 20n } as IncomingUpload;

describe('uploads for which credits were missing', () => {
  let balance: bigint;
  let unpaid: UnpaidUploads;
  const users = { findByIds: async () => [{ id: 'user', balance } as User] };
  const require = (group: readonly IncomingUpload[] = [upload]) =>
    unpaid.requireCredits(upload, group, users);
  const lacking = () =>
    unpaid.remember(upload, () => Promise.reject(insufficientCredits(30n + upload.held, 100n)));

  beforeEach(() => {
    balance = 30n;
    unpaid = new UnpaidUploads();
  });

  it('are refused without another inspection until credits and holds suffice', async () => {
    await expect(require()).resolves.toBeUndefined();
    await expect(lacking()).rejects.toMatchObject({ code: 'INSUFFICIENT_CREDITS' });
    await expect(require()).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
      details: { balance: 0.00005, required: 0.0001, missing: 0.00005 },
    });
    balance = 79n;
    await expect(require()).rejects.toMatchObject({ code: 'INSUFFICIENT_CREDITS' });
    balance = 80n;
    await expect(require()).resolves.toBeUndefined();
  });

  it('count the holds of both files of a pair, not those of ended uploads', async () => {
    await expect(lacking()).rejects.toThrow();
    balance = 60n;
    await expect(require([upload, { ...upload, id: 'mask' }])).resolves.toBeUndefined();
    await expect(require([upload, { ...upload, id: 'mask', state: 'aborted' }])).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
    });
  });

  it('are forgotten with the next attempt, and other errors are not remembered', async () => {
    await expect(lacking()).rejects.toThrow();
    const corrupt = new AppError('VIDEO_CORRUPT', { message: 'damaged' });
    await expect(unpaid.remember(upload, () => Promise.reject(corrupt))).rejects.toBe(corrupt);
    await expect(require()).resolves.toBeUndefined();
  });
});
