import { encodeImage } from '../../../src/media/image-codec.js';
import { RetentionService } from '../../../src/services/retention.service.js';
import type { RetentionDays } from '../../../src/domain/trash.js';
import { plainImage } from '../../factories/images/plain-image.js';
import type { ApiClient } from '../../support/api-client.js';
import { addVideos, completeJob } from '../../support/api-seeds.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { newLease, newOutcome } from '../../support/contracts/harness.js';

const KEPT: RetentionDays = { trash: 30, results: 0, events: 0, audit: 0 };

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api.close();
});

/** One round of a worker with these days. */
async function purge(days: Partial<RetentionDays> = {}): Promise<void> {
  const retention = new RetentionService(api.persistence.unitOfWork, api.storage.blobs, { ...KEPT, ...days });
  await retention.purgeRows();
  await retention.removeFiles();
}

async function query<Row extends object>(sql: string, ...values: unknown[]): Promise<Row[]> {
  const [rows] = await api.persistence.database.sequelize.query(sql, { bind: values });
  return rows as Row[];
}

/** Bytes and number of the stored files. */
async function stored(): Promise<{ files: number; bytes: number }> {
  const sizes: number[] = [];
  for await (const { bytes } of api.storage.blobs.list()) sizes.push(bytes);
  return { files: sizes.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

interface World {
  readonly client: ApiClient;
  readonly userId: string;
  readonly datasetId: string;
}

async function world(name: string): Promise<World> {
  const { client, user } = await api.user(name);
  const dataset = await client.post('/api/dataset', { name: `of ${name}` });
  return { client, userId: user.id, datasetId: String(dataset.at('dataset.id')) };
}

/** Uploads images of different colours. @returns their ids */
async function uploadImages({ client, datasetId }: World, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const body = new FormData();
    body.set('name', `image ${index}`);
    body.set('content', new Blob([new Uint8Array(await plainImage([index, 10, 20]))]), `${index}.png`);
    await client.call('POST', `/api/dataset/${datasetId}/images`, { body });
  }
  const answer = await client.get(`/api/dataset/${datasetId}`);
  for (const image of answer.at('dataset.images') as { id: string }[]) ids.push(image.id);
  return ids;
}

/** White on the left half, black on the right, as large as {@link plainImage}. */
function maskWithHole(): Promise<Buffer> {
  const data = new Uint8Array(16 * 16 * 3);
  for (let at = 0; at < data.length; at += 3) if ((at / 3) % 16 < 8) data.fill(255, at, at + 3);
  return encodeImage({ width: 16, height: 16, data }, { format: 'png' });
}

const imagesOf = async ({ client, datasetId }: World): Promise<string[]> => {
  const answer = await client.get(`/api/dataset/${datasetId}`);
  return (answer.at('dataset.images') as { id: string }[]).map(({ id }) => id);
};

const usedBytes = async ({ userId }: World): Promise<number> => {
  const { storageBytes } = await api.persistence.unitOfWork.read.quotas.usage(userId);
  return storageBytes;
};

const trashOf = async ({ client }: World): Promise<{ kind: string; id: string }[]> =>
  (await client.get('/api/trash')).at('data') as { kind: string; id: string }[];

/** A job over all videos of the dataset. */
async function newJob({ client, datasetId }: World, more: object = {}): Promise<string> {
  const answer = await client.post('/api/inference', {
    datasetId,
    range: '0-0',
    parameters: { startFrame: 0, endFrame: 10, goalFrameId: 0, frameStep: 1, detector: 'ORB' },
    ...more,
  });
  return String(answer.at('jobId.0'));
}

async function finishedJob(owner: World, more: object = {}): Promise<string> {
  const id = await newJob(owner, more);
  await completeJob(api.persistence.unitOfWork, id, Buffer.from('a ZIP'));
  return id;
}

describe('deleting a file', () => {
  it('hides it, frees the quota, and gives it back until its time has passed', async () => {
    const own = await world('files');
    const before = await stored();
    const [first, second] = await uploadImages(own, 2);
    const full = await usedBytes(own);
    expect((await own.client.delete(`/api/media/${first}`)).status).toBe(204);
    expect(await imagesOf(own)).toEqual([second]);
    expect(await usedBytes(own)).toBeLessThan(full);
    expect(await trashOf(own)).toMatchObject([{ kind: 'media', id: first }]);
    await purge();
    expect((await stored()).files).toBe(before.files + 2);

    const restored = await own.client.post(`/api/trash/media/${first}/restore`);
    expect(restored.status).toBe(200);
    expect(await imagesOf(own)).toEqual([first, second]);
    expect(await usedBytes(own)).toBe(full);
    expect(await trashOf(own)).toEqual([]);
  });

  it('removes row and file when its time has passed, and only those', async () => {
    const own = await world('purged');
    const [, second] = await uploadImages(own, 2);
    const [{ storageKey, bytes }] = await query<{ storageKey: string; bytes: string }>(
      'SELECT storage_key AS "storageKey", bytes FROM media WHERE id = $1',
      second,
    );
    const before = await stored();
    await own.client.delete(`/api/media/${second}`);
    expect((await own.client.delete(`/api/trash/media/${second}`)).status).toBe(202);
    expect(await trashOf(own)).toEqual([]);
    await purge();
    expect(await stored()).toEqual({ files: before.files - 1, bytes: before.bytes - Number(bytes) });
    expect((await api.storedFiles()).some((name) => name.endsWith(storageKey))).toBe(false);
    expect((await own.client.post(`/api/trash/media/${second}/restore`)).status).toBe(404);
  });

  it('keeps a file that another row names', async () => {
    const own = await world('shared');
    const [first, second] = await uploadImages(own, 2);
    await query(
      'UPDATE media SET storage_key = (SELECT storage_key FROM media WHERE id = $1) WHERE id = $2',
      first,
      second,
    );
    const before = await stored();
    await own.client.delete(`/api/media/${first}`);
    await purge({ trash: 0 });
    expect((await stored()).files).toBe(before.files);
    await own.client.delete(`/api/media/${second}`);
    await purge({ trash: 0 });
    expect((await stored()).files).toBe(before.files - 1);
  });

  it('answers 404 for those of others, unknown ones and deleted ones', async () => {
    const own = await world('own');
    const other = await world('other');
    const [id] = await uploadImages(own, 1);
    expect((await other.client.delete(`/api/media/${id}`)).status).toBe(404);
    expect((await own.client.delete('/api/media/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c')).status).toBe(404);
    expect((await own.client.delete(`/api/media/${id}`)).status).toBe(204);
    expect((await own.client.delete(`/api/media/${id}`)).status).toBe(404);
    expect((await other.client.post(`/api/trash/media/${id}/restore`)).status).toBe(404);
    expect((await other.client.delete(`/api/trash/media/${id}`)).status).toBe(404);
    expect(await trashOf(own)).toHaveLength(1);
  });

  it('restores nothing that does not fit into the quota', async () => {
    const own = await world('quota');
    const [first] = await uploadImages(own, 1);
    await own.client.delete(`/api/media/${first}`);
    await api.persistence.unitOfWork.run(({ quotas }) =>
      quotas.setOverrides(own.userId, { storageBytes: 10 }),
    );
    const refused = await own.client.post(`/api/trash/media/${first}/restore`);
    expect([refused.status, refused.at('code')]).toEqual([413, 'STORAGE_QUOTA_EXCEEDED']);
    expect(await imagesOf(own)).toEqual([]);
  });
});

describe('deleting an item with a mask', () => {
  it('takes source and mask, and a deleted mask leaves its item', async () => {
    const own = await world('masks');
    const form = new FormData();
    form.set('datasetName', 'of masks');
    form.set('image', new Blob([new Uint8Array(await plainImage([9, 9, 9]))]), 'a.png');
    form.set('mask', new Blob([new Uint8Array(await maskWithHole())]), 'mask.png');
    await own.client.call('POST', '/api/datasets/data', { body: form });
    const rows = await query<{ item: string; source: string; mask: string | null }>(
      'SELECT id AS item, source_media_id AS source, mask_media_id AS mask FROM dataset_items WHERE dataset_id = $1',
      own.datasetId,
    );
    const [{ item, mask }] = rows;
    await own.client.delete(`/api/media/${mask}`);
    expect(await api.persistence.unitOfWork.read.datasets.items(own.datasetId)).toMatchObject([
      { id: item, mask: null },
    ]);
    await own.client.post(`/api/trash/media/${mask}/restore`);
    await own.client.delete(`/api/dataset/${own.datasetId}/items/${item}`);
    expect(await api.persistence.unitOfWork.read.datasets.items(own.datasetId)).toEqual([]);
  });
});

describe('deleting a dataset', () => {
  it('can be undone, unless its name is in use again, and is final when its time has passed', async () => {
    const own = await world('datasets');
    const before = await stored();
    const ids = await uploadImages(own, 3);
    await own.client.delete(`/api/dataset/${own.datasetId}`);
    expect(await trashOf(own)).toMatchObject([{ kind: 'dataset', id: own.datasetId }]);
    const { id: again } = (await own.client.post('/api/dataset', { name: 'of datasets' })).at('dataset') as {
      id: string;
    };
    const taken = await own.client.post(`/api/trash/dataset/${own.datasetId}/restore`);
    expect([taken.status, taken.at('code')]).toEqual([409, 'DATASET_NAME_TAKEN']);
    await own.client.put(`/api/dataset/${again}`, { name: 'another name' });
    expect((await own.client.post(`/api/trash/dataset/${own.datasetId}/restore`)).status).toBe(200);
    expect(await imagesOf(own)).toEqual(ids);

    await own.client.delete(`/api/dataset/${own.datasetId}`);
    expect((await own.client.delete('/api/trash')).at('removed')).toBe(1);
    await purge();
    expect(await stored()).toEqual(before);
    expect(await trashOf(own)).toEqual([]);
  });
});

describe('files of jobs', () => {
  it('stay while a job may need them, and the job says that its input was deleted', async () => {
    const own = await world('running');
    await addVideos(api.persistence.unitOfWork, own, 1);
    const [{ id: video }] = await query<{ id: string }>(
      'SELECT id FROM media WHERE dataset_id = $1',
      own.datasetId,
    );
    const id = await newJob(own);
    const shown = async () => (await own.client.get(`/api/jobs/${id}`)).at('inputs');
    const input = { mediaId: video, name: 'clip 0', sha256: 'ab'.repeat(32) };
    const inputs = (deleted: boolean) => ['goal', 'current'].map((role) => ({ ...input, role, deleted }));
    expect(await shown()).toEqual(inputs(false));
    await own.client.delete(`/api/media/${video}`);
    await purge({ trash: 0 });
    expect(await api.persistence.unitOfWork.read.datasets.findMedia(video)).not.toBeNull();
    expect(await shown()).toEqual(inputs(true));

    expect((await own.client.post(`/api/jobs/${id}/cancel`)).status).toBe(202);
    await purge({ trash: 0 });
    expect(await api.persistence.unitOfWork.read.datasets.findMedia(video)).toBeNull();
    expect(await shown()).toEqual(inputs(true));
    const retried = await own.client.post(`/api/jobs/${id}/retry`);
    expect([retried.status, retried.at('code')]).toEqual([409, 'JOB_NOT_RETRYABLE']);
  });
});

describe('jobs and results', () => {
  it('a result can be deleted and restored; later it is gone, and the ledger stays', async () => {
    const own = await world('results');
    await addVideos(api.persistence.unitOfWork, own, 1);
    const id = await finishedJob(own);
    const ledger = await query('SELECT id FROM credit_transactions WHERE user_id = $1', own.userId);
    const zip = () => own.client.get(`/api/inference/result/zip/${id}`);
    expect((await zip()).status).toBe(200);
    expect((await own.client.delete(`/api/jobs/${id}/result`)).status).toBe(204);
    const gone = await zip();
    expect([gone.status, gone.at('code')]).toEqual([410, 'RESULT_GONE']);
    expect((await own.client.get(`/api/jobs/${id}`)).at('results')).toBeNull();
    expect((await own.client.post(`/api/trash/result/${id}/restore`)).status).toBe(200);
    expect((await zip()).status).toBe(200);

    await own.client.delete(`/api/jobs/${id}/result`);
    await purge({ trash: 0 });
    expect(await query('SELECT 1 FROM result_chunks WHERE job_id = $1', id)).toEqual([]);
    expect((await zip()).status).toBe(410);
    expect(await query('SELECT id FROM credit_transactions WHERE user_id = $1', own.userId)).toEqual(ledger);
  });

  it('a job that has not ended cannot be deleted; an ended one is hidden, restored, and emptied', async () => {
    const own = await world('jobs');
    await addVideos(api.persistence.unitOfWork, own, 1);
    const waiting = await newJob(own);
    const refused = await own.client.delete(`/api/jobs/${waiting}`);
    expect([refused.status, refused.at('code')]).toEqual([409, 'JOB_NOT_FINISHED']);
    await own.client.post(`/api/jobs/${waiting}/cancel`);
    const id = await finishedJob(own);
    expect((await own.client.delete(`/api/jobs/${id}`)).status).toBe(204);
    expect((await own.client.get(`/api/jobs/${id}`)).status).toBe(404);
    expect((await own.client.get('/api/jobs')).at('data')).toMatchObject([{ id: waiting }]);
    expect((await own.client.post(`/api/trash/job/${id}/restore`)).status).toBe(200);
    expect((await own.client.get(`/api/jobs/${id}`)).status).toBe(200);

    await own.client.delete(`/api/jobs/${id}`);
    await purge({ trash: 0 });
    expect(
      await query('SELECT params::text, plan::text, inputs FROM inference_jobs WHERE id = $1', id),
    ).toEqual([{ params: '{}', plan: '{}', inputs: null }]);
    for (const table of ['results', 'job_events']) {
      expect(await query(`SELECT 1 FROM ${table} WHERE job_id = $1`, id)).toEqual([]);
    }
    const holds = await query('SELECT 1 FROM credit_transactions WHERE job_id = $1', id);
    expect(holds.length).toBeGreaterThan(0);
  });

  it('a result ends with the time that the request asked for', async () => {
    const own = await world('expiring');
    await addVideos(api.persistence.unitOfWork, own, 1);
    const refused = await own.client.post('/api/inference', {
      datasetId: own.datasetId,
      parameters: { startFrame: 0, endFrame: 1, goalFrameId: 0, frameStep: 1, detector: 'ORB' },
      expiresIn: 59,
    });
    expect([refused.status, refused.at('errors.0.pointer')]).toEqual([400, '/expiresIn']);
    const id = await finishedJob(own, { expiresIn: 3600 });
    const job = await own.client.get(`/api/jobs/${id}`);
    const length = Date.parse(String(job.at('resultExpiresAt'))) - Date.parse(String(job.at('finishedAt')));
    expect(length).toBe(3_600_000);
    await purge();
    expect((await own.client.get(`/api/inference/result/json/${id}`)).status).toBe(200);
    await query("UPDATE results SET purge_at = now() - interval '1 second' WHERE job_id = $1", id);
    await purge();
    expect((await own.client.get(`/api/inference/result/json/${id}`)).status).toBe(410);
    expect((await own.client.get(`/api/jobs/${id}`)).at('results')).toBeNull();
  });
});

describe('retention by setting', () => {
  it('removes older results, events and rows of the audit log, and no newer ones', async () => {
    const own = await world('retention');
    await addVideos(api.persistence.unitOfWork, own, 1);
    const [old, young] = [await finishedJob(own), await finishedJob(own)];
    await query("UPDATE results SET created_at = now() - interval '8 days' WHERE job_id = $1", old);
    await query("UPDATE inference_jobs SET finished_at = now() - interval '8 days' WHERE id = $1", old);
    const { client: admin } = await api.user('auditor', 'admin');
    await admin.get('/api/admin/users');
    await query(
      `INSERT INTO audit_log (id, actor, action, subject, created_at)
       VALUES (gen_random_uuid(), 'somebody', 'old', '{}', now() - interval '8 days')`,
    );
    const audited = async () => (await query<{ action: string }>('SELECT action FROM audit_log')).length;
    const rows = await audited();
    await purge();
    expect(await audited()).toBe(rows);
    await purge({ results: 7, events: 7, audit: 7 });
    const counts = await query<{ id: string }>(
      'SELECT job_id AS id FROM results WHERE job_id IN ($1, $2)',
      old,
      young,
    );
    expect(counts).toEqual([{ id: young }]);
    const events = await query<{ id: string }>(
      'SELECT DISTINCT job_id AS id FROM job_events WHERE job_id IN ($1, $2)',
      old,
      young,
    );
    expect(events).toEqual([{ id: young }]);
    expect(await audited()).toBe(rows - 1);
    await expect(query('DELETE FROM audit_log')).rejects.toThrow('append-only');
  });
});

describe('what a deleted user leaves', () => {
  it('is removed but for the ledger, once their jobs have ended', async () => {
    const own = await world('leaving');
    const before = await stored();
    await uploadImages(own, 2);
    await addVideos(api.persistence.unitOfWork, own, 1);
    const job = await finishedJob(own);
    const entries = await query('SELECT id FROM credit_transactions WHERE user_id = $1', own.userId);
    expect((await own.client.delete(`/api/users/${own.userId}`)).status).toBe(200);
    await purge();
    expect(await stored()).toEqual(before);
    const [row] = await query<{ name: string; tags: string[] }>(
      'SELECT name, tags FROM datasets WHERE id = $1',
      own.datasetId,
    );
    expect(row).toEqual({ name: `deleted-${own.datasetId}`, tags: [] });
    expect(await query('SELECT 1 FROM results WHERE job_id = $1', job)).toEqual([]);
    expect(await query('SELECT id FROM credit_transactions WHERE user_id = $1', own.userId)).toEqual(entries);
    const [{ email }] = await query<{ email: string }>('SELECT email FROM users WHERE id = $1', own.userId);
    expect(email).toContain('deleted-');
  });
});

/** A thousand were run once, and each costs a request. */
const DELETIONS = 200;

describe('hundreds of deletions while jobs run', () => {
  it('end every job, charge for none that could not read, and free every file', async () => {
    const own = await world('hundreds');
    const { unitOfWork } = api.persistence;
    await addVideos(unitOfWork, own, DELETIONS);
    const ids = (
      await query<{ id: string }>('SELECT id FROM media WHERE dataset_id = $1 ORDER BY id', own.datasetId)
    ).map(({ id }) => id);
    const jobs = [await newJob(own), await newJob(own), await newJob(own)];
    const lease = newLease();
    await unitOfWork.run(({ jobs: rows }) => rows.claimForRun(jobs[0], lease));
    const deletions = async (): Promise<void> => {
      for (let id = ids.pop(); id; id = ids.pop()) {
        expect((await own.client.delete(`/api/media/${id}`)).status).toBe(204);
        if (ids.length % 50 === 0) await purge({ trash: 0 });
      }
    };
    await Promise.all([deletions(), deletions(), deletions(), deletions()]);
    await purge({ trash: 0 });
    // The files of the dataset stay until its last job has ended.
    expect((await query('SELECT id FROM media WHERE dataset_id = $1', own.datasetId)).length).toBe(DELETIONS);
    await unitOfWork.run(async (scope) => {
      expect(await scope.jobs.complete(jobs[0], lease.fence, newOutcome({ captured: 0n }))).not.toBeNull();
    });
    for (const id of jobs.slice(1)) await own.client.post(`/api/jobs/${id}/cancel`);
    for (let round = 0; round < 3; round += 1) await purge({ trash: 0 });
    expect(await query('SELECT id FROM media WHERE dataset_id = $1', own.datasetId)).toEqual([]);
    expect(await query('SELECT 1 FROM removed_files')).toEqual([]);
    expect(await usedBytes(own)).toBe(0);
    const open = await query(
      "SELECT id FROM inference_jobs WHERE user_id = $1 AND status IN ('PENDING', 'RUNNING')",
      own.userId,
    );
    expect(open).toEqual([]);
  });
});
