import { tmpdir } from 'node:os';
import { DiskSpaceGuard, jobReserve, readDiskRoom, uploadReserve } from '../../../src/storage/disk-space.js';

const GB = 1e9;
const guard = (free: number, total: number) =>
  new DiskSpaceGuard('/data', uploadReserve(2 * GB), async () => ({ free, total }));
const FULL = { name: 'AppError', code: 'STORAGE_FULL', kind: 'storage_full' };

describe('disk space', () => {
  it('keeps 2 GB free on a large disk', async () => {
    await expect(guard(2 * GB, 1000 * GB).assertRoomFor()).resolves.toBeUndefined();
    await expect(guard(2 * GB - 1, 1000 * GB).assertRoomFor()).rejects.toMatchObject(FULL);
  });

  it('keeps a tenth free on a small disk', async () => {
    await expect(guard(0.1 * GB, 1 * GB).assertRoomFor()).resolves.toBeUndefined();
    await expect(guard(0.1 * GB - 1, 1 * GB).assertRoomFor()).rejects.toMatchObject(FULL);
  });

  it('counts what is about to be written', async () => {
    await expect(guard(5 * GB, 1000 * GB).assertRoomFor(3 * GB)).resolves.toBeUndefined();
    await expect(guard(5 * GB, 1000 * GB).assertRoomFor(3 * GB + 1)).rejects.toMatchObject(FULL);
  });

  it('reads the room of a real file system', async () => {
    const { free, total } = await readDiskRoom(tmpdir());
    expect(total).toBeGreaterThan(0);
    expect(free).toBeGreaterThanOrEqual(0);
    expect(free).toBeLessThanOrEqual(total);
  });

  it('jobs go on where uploads are refused already, down to half of the reserve', async () => {
    const disk = new DiskSpaceGuard('/data', jobReserve(2 * GB), async () => ({
      free: GB,
      total: 1000 * GB,
    }));
    await expect(guard(GB, 1000 * GB).assertRoomFor()).rejects.toMatchObject(FULL);
    await expect(disk.assertRoomFor()).resolves.toBeUndefined();
    await expect(disk.assertRoomFor(1)).rejects.toMatchObject(FULL);
  });
});
