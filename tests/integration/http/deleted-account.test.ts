import path from 'node:path';
import { incomingStores } from '../../../src/composition/api-uploads.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { AbandonedUploads } from '../../../src/services/abandoned-uploads.js';
import { RetentionService } from '../../../src/services/retention.service.js';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { DiskMultipartStore } from '../../../src/storage/disk-multipart-store.js';
import { DiskResumableStore } from '../../../src/storage/disk-resumable-store.js';
import { plainImage } from '../../factories/images/plain-image.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { addVideos, completeJob } from '../../support/api-seeds.js';
import { startTestApi, type TestApi } from '../../support/api.js';

/** In every text that the user gives. */
const MARK = 'zqxmark';
const KEPT = { trash: 30, results: 0, events: 0, audit: 0 };

/** Tables with texts of the user before. */
const TABLES = [
  ...['api_keys', 'credit_transactions', 'datasets', 'idempotency_keys', 'import_files'],
  ...['media', 'uploads', 'users', 'webhooks'],
].map((name) => `public.${name}`);

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ settings: { IMPORT_ALLOW_PRIVATE: 'true', WEBHOOK_ALLOW_PRIVATE: 'true' } });
});
afterAll(async () => {
  await api.close();
});

async function rows<Row extends object>(sql: string): Promise<Row[]> {
  const [found] = await api.persistence.database.sequelize.query(sql);
  return found as Row[];
}

/** Rows of all tables that contain a text, by table. */
async function rowsWith(texts: readonly string[]): Promise<Record<string, string[]>> {
  const tables = await rows<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
  );
  const found: Record<string, string[]> = {};
  for (const { name } of tables) {
    const all = await rows<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
    const matching = all.map(({ text }) => text).filter((text) => texts.some((part) => text.includes(part)));
    if (matching.length > 0) found[name] = matching;
  }
  return found;
}

async function did(answer: Promise<ApiResponse>): Promise<ApiResponse> {
  const done = await answer;
  if (done.status >= 300) throw new Error(`${done.status}: ${done.text}`);
  return done;
}

/** One of everything that an account can have. */
async function fill(client: ApiClient, userId: string): Promise<void> {
  await did(client.put(`/api/users/${userId}`, { name: `${MARK}-first`, surname: `${MARK}-last` }));
  const dataset = await did(client.post('/api/dataset', { name: `${MARK} set`, tags: [`${MARK}-tag`] }));
  const id = String(dataset.at('dataset.id'));
  const body = new FormData();
  body.set('name', `${MARK} image`);
  body.set('content', new Blob([new Uint8Array(await plainImage([9, 8, 7]))]), `${MARK}.png`);
  await did(
    client.call('POST', `/api/dataset/${id}/images`, { body, headers: { 'idempotency-key': `${MARK}-key` } }),
  );
  await did(client.post('/api/keys', { name: `${MARK} key`, scopes: ['datasets:read'] }));
  await did(
    client.post('/api/webhooks', {
      url: `http://127.0.0.1:1999/${MARK}`,
      description: `${MARK} hook`,
      events: ['job.completed'],
    }),
  );
  for (const name of [`${MARK} open`, `${MARK} aborted`]) {
    const upload = await did(
      client.post('/api/uploads/multipart', {
        datasetId: id,
        name,
        extension: 'png',
        size: 1000,
        kind: 'images',
      }),
    );
    if (name.endsWith('aborted'))
      await did(client.delete(`/api/uploads/multipart/${String(upload.at('uploadId'))}`));
  }
  await did(
    client.post(`/api/dataset/${id}/imports`, {
      kind: 'images',
      urls: [{ url: `http://127.0.0.1:1999/${MARK}.png`, name: `${MARK} url` }],
    }),
  );
  await addVideos(api.persistence.unitOfWork, { datasetId: id, userId }, 2);
  const job = await did(
    client.post('/api/inference', {
      ...{ datasetId: id, range: '0-0' },
      parameters: {
        startFrame: 0,
        endFrame: 10,
        goalFrameId: 0,
        frameStep: 1,
        detector: 'SIFT',
        useGpus: false,
      },
    }),
  );
  const jobId = String(job.at('jobId.0'));
  await completeJob(api.persistence.unitOfWork, jobId, Buffer.from(`${MARK} zip`));
}

async function purge(): Promise<void> {
  const { unitOfWork } = api.persistence;
  const store = new DiskBlobStore(path.join(api.folder, 'media'));
  const media = path.join(api.folder, 'media');
  const multipart = new DiskMultipartStore(media, store, () => '');
  const stores = incomingStores({ multipart, resumable: new DiskResumableStore(media) }, store);
  await new AbandonedUploads(unitOfWork, stores, silentLogger).runOnce();
  const retention = new RetentionService(unitOfWork, store, KEPT);
  await retention.purgeRows();
  await retention.removeFiles();
}

/** Everything of the ledger but its texts. */
const ledgerOf = (userId: string) =>
  rows<object>(
    `SELECT id, kind, amount_micro, delta_micro, balance_after_micro, created_at FROM credit_transactions
      WHERE user_id = '${userId}' ORDER BY seq`,
  );

describe('a deleted account', () => {
  it('leaves no text of its user in any table but the audit log', async () => {
    const { client, user } = await api.user(`${MARK}-user`);
    await fill(client, user.id);
    const filled = Object.keys(await rowsWith([MARK]));
    expect(filled).toEqual(expect.arrayContaining(TABLES));
    const sums = await ledgerOf(user.id);
    await did(client.delete(`/api/users/${user.id}`));
    await purge();
    // The audit log is kept for AUDIT_RETENTION_DAYS, whoever it is about.
    expect(Object.keys(await rowsWith([MARK]))).toEqual(['public.audit_log']);
    expect((await ledgerOf(user.id)).slice(0, sums.length)).toEqual(sums);
  });
});
