import { silentLogger } from '../../../src/logging/logger.js';
import { DiskSpaceGuard, runReserve } from '../../../src/storage/disk-space.js';
import { whenDiskHasSpace } from '../../../src/workers/disk-space-gate.js';

const GIGABYTE = 1e9;

describe('disk space gate', () => {
  it('a job is not claimed while the disk is full, and is once there is room', async () => {
    let free = 0;
    const readRoom = async () => ({ free, total: 100 * GIGABYTE });
    const disk = new DiskSpaceGuard('/data', runReserve(512 * 2 ** 20), readRoom);
    const handled: string[] = [];
    const handle = whenDiskHasSpace(
      disk,
      async (jobId: string) => {
        handled.push(jobId);
        return { kind: 'completed' };
      },
      { log: silentLogger, pauseMs: 0 },
    );
    expect(await handle('early')).toEqual({ kind: 'requeued' });
    free = GIGABYTE;
    expect(await handle('late')).toEqual({ kind: 'completed' });
    expect(handled).toEqual(['late']);
  });
});
