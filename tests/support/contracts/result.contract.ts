import { createHash } from 'node:crypto';
import { v7 as uuid } from 'uuid';
import { RESULT_CHUNK_BYTES } from '../../../src/domain/result.js';
import { openJob, useHarness, type OpenPersistence } from './harness.js';

/** Bytes without a pattern of their own, the same in every run (a linear congruential generator). */
function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 12_345;
  for (let index = 0; index < length; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}

/** `whole` in pieces of odd sizes, all handed over in one buffer that is used again, as streams may do. */
async function* inPieces(whole: Buffer, size: number): AsyncGenerator<Buffer> {
  const shared = Buffer.alloc(size);
  for (let start = 0; start < whole.length; start += size) {
    const length = whole.copy(shared, 0, start, start + size);
    yield shared.subarray(0, length);
  }
}

async function collect(parts: AsyncIterable<Buffer>): Promise<Buffer> {
  const collected: Buffer[] = [];
  for await (const part of parts) collected.push(part);
  return Buffer.concat(collected);
}

/** What every {@link ResultRepository} keeps to. */
export function describeResultRepository(open: OpenPersistence): void {
  describe('results', () => {
    const harness = useHarness(open);
    const results = () => harness().unitOfWork.read.results;
    const zip = noise(5 * RESULT_CHUNK_BYTES + 777);
    const store = async (bytes: Buffer, pieceSize = 100_003) => {
      const { id: jobId } = await openJob(harness());
      const json = { velocity: [[1, -0.5, 1e-9, 0, 0, 0]], note: 'ü\u0000' };
      return harness().unitOfWork.run((scope) =>
        scope.results.store({ jobId, json, zip: inPieces(bytes, pieceSize) }),
      );
    };

    it('come back byte for byte, whole and in any range', async () => {
      const { jobId, zipBytes, zipSha256, json } = await store(zip);
      expect(zipBytes).toBe(zip.length);
      expect(zipSha256).toBe(createHash('sha256').update(zip).digest('hex'));
      expect(await results().find(jobId)).toMatchObject({ jobId, zipBytes, zipSha256, json });
      expect(json).toEqual({ velocity: [[1, -0.5, 1e-9, 0, 0, 0]], note: 'ü\u0000' });
      expect((await collect(results().readZip(jobId))).equals(zip)).toBe(true);
      const ranges = [
        [0, 0],
        [5, 5_000],
        [RESULT_CHUNK_BYTES - 1, RESULT_CHUNK_BYTES],
        [RESULT_CHUNK_BYTES, 2 * RESULT_CHUNK_BYTES - 1],
        [RESULT_CHUNK_BYTES + 9, 4 * RESULT_CHUNK_BYTES + 9],
        [zip.length - 10, zip.length - 1],
      ];
      for (const [start, end] of ranges) {
        const part = await collect(results().readZip(jobId, { start, end }));
        expect(part.equals(zip.subarray(start, end + 1))).toBe(true);
      }
    });

    it('are cut at the end of the ZIP', async () => {
      const { jobId } = await store(zip.subarray(0, 1000));
      const beyond = await collect(results().readZip(jobId, { start: 990, end: 5000 }));
      expect(beyond.equals(zip.subarray(990, 1000))).toBe(true);
      expect(await collect(results().readZip(jobId, { start: 1000, end: 2000 }))).toHaveLength(0);
    });

    it.each([0, 1, RESULT_CHUNK_BYTES, RESULT_CHUNK_BYTES + 1])('may have %i bytes', async (length) => {
      const { jobId, zipBytes } = await store(zip.subarray(0, length), 3 * RESULT_CHUNK_BYTES);
      expect(zipBytes).toBe(length);
      expect((await collect(results().readZip(jobId))).equals(zip.subarray(0, length))).toBe(true);
    });

    it('leave nothing behind when their source fails', async () => {
      const { id: jobId } = await openJob(harness());
      async function* failing() {
        yield zip.subarray(0, 2 * RESULT_CHUNK_BYTES);
        throw new Error('the disk is gone');
      }
      const storing = harness().unitOfWork.run((scope) =>
        scope.results.store({ jobId, json: {}, zip: failing() }),
      );
      await expect(storing).rejects.toThrow('the disk is gone');
      expect(await results().find(jobId)).toBeNull();
    });

    it('are stored once, and unknown ones do not exist', async () => {
      const { jobId } = await store(zip.subarray(0, 10));
      const again = harness().unitOfWork.run((scope) =>
        scope.results.store({ jobId, json: {}, zip: inPieces(zip.subarray(10, 20), 5) }),
      );
      await expect(again).rejects.toMatchObject({ kind: 'conflict' });
      expect((await collect(results().readZip(jobId))).equals(zip.subarray(0, 10))).toBe(true);
      expect(await results().find(uuid())).toBeNull();
      await expect(collect(results().readZip(uuid()))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
