import { v7 as uuid } from 'uuid';
import type { ResultMedia } from '../../src/domain/result.js';
import type { NewMedia } from '../../src/domain/repositories/dataset.repository.js';
import type { UnitOfWork } from '../../src/domain/repositories/unit-of-work.js';
import type { JobStatus } from '../../src/domain/job.js';

/** Frames of the videos that {@link addVideos} records. */
export const SEEDED_FRAMES = 100;

/** Records `count` videos in a dataset without files: enough for everything that does not decode. */
export async function addVideos(
  unitOfWork: UnitOfWork,
  { datasetId, userId }: { datasetId: string; userId: string },
  count: number,
): Promise<void> {
  const media = Array.from({ length: count }, (_, index): { source: NewMedia } => {
    const id = uuid();
    const source: NewMedia = {
      id,
      userId,
      kind: 'video',
      role: 'source',
      name: `clip ${index}`,
      container: 'mp4',
      sha256: 'ab'.repeat(32),
      bytes: 1000,
      width: 640,
      height: 480,
      frameCount: SEEDED_FRAMES,
      fps: { num: 25, den: 1 },
      durationSeconds: SEEDED_FRAMES / 25,
      storageKey: id,
    };
    return { source };
  });
  await unitOfWork.run(({ datasets }) => datasets.addItems(datasetId, media));
}

/** Appends a status event, as services do. */
export async function appendStatus(unitOfWork: UnitOfWork, jobId: string, status: JobStatus): Promise<void> {
  await unitOfWork.run(async ({ jobs }) => {
    await jobs.lock(jobId);
    await jobs.appendEvent(jobId, 'status', { status, attempt: 1 });
  });
}

/** Appends a progress event, as the recorder does. */
export async function appendProgress(unitOfWork: UnitOfWork, jobId: string, done: number): Promise<void> {
  await unitOfWork.run(async ({ jobs }) => {
    await jobs.lock(jobId);
    await jobs.appendEvent(jobId, 'progress', { done, total: 100, percent: done, stage: 'infer' });
  });
}

/** Runs a job to its end without a worker: claims it and records a result with this ZIP. */
export async function completeJob(
  unitOfWork: UnitOfWork,
  jobId: string,
  zip: Buffer,
  media: readonly ResultMedia[] = [],
): Promise<void> {
  await unitOfWork.run(async ({ jobs, results, resultMedia }) => {
    const fence = uuid();
    const claimed = await jobs.claimForRun(jobId, { fence, expiresAt: new Date(Date.now() + 60_000) });
    await results.store({
      jobId,
      json: { velocity: [[0.1, 0, 0, 0, 0, 0.2], null], frames: [{ frame: 0 }, { frame: 1 }] },
      zip: (async function* () {
        yield zip;
      })(),
    });
    if (claimed) await resultMedia.add(claimed, media);
    await jobs.complete(jobId, fence, {
      captured: 4_000n,
      device: { requested: 'cpu', used: 'cpu', reason: 'cpu was asked for', attempts: [] },
      timings: { totalMs: 12 },
      energy: { joules: 90, carbonGrams: 0.0119, method: 'estimate', figures: { watts: 15 } },
      network: { id: 'cns', version: '1', sha256: 'cd'.repeat(32) },
    });
    await jobs.appendEvent(jobId, 'status', { status: 'COMPLETED', attempt: 1 });
  });
}
