import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import { silentLogger } from '../../../src/logging/logger.js';
import { queueMessageId } from '../../../src/queue/jobs.js';
import { AbandonedServoSessions } from '../../../src/services/abandoned-servo-sessions.js';
import { RecordingSweep } from '../../../src/services/recording-sweep.js';
import { DiskRecordingStore } from '../../../src/storage/disk-recording-store.js';
import { readSession } from '../../../src/tasks/servo/recorded-session.js';
import { FakeServoEngines } from '../../fakes/fake-servo-engines.js';
import type { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { runNextJob } from '../../support/run-job.js';
import { FAKE_GOAL, frameMessage, type ShownSession } from '../../support/servo-client.js';

const HOUR_MS = 3_600_000;

describe('recordings of sessions', () => {
  let api: TestApi;
  let store: DiskRecordingStore;
  let sweep: RecordingSweep;
  let client: ApiClient;
  let userId: string;
  let users = 0;

  beforeAll(async () => {
    api = await startTestApi({
      servoEngines: new FakeServoEngines(4),
      // 3000 bytes: a few frames.
      settings: { SERVO_RECORD_MAX_MB: String(3000 / 2 ** 20) },
    });
    store = new DiskRecordingStore(path.join(api.folder, 'media'));
    sweep = new RecordingSweep(store, api.persistence.unitOfWork.read);
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    users += 1;
    const made = await api.user(`pilot${String(users)}`);
    client = made.client;
    userId = made.user.id;
  });
  afterEach(async () => {
    for (const { sessionId } of await store.list()) await store.remove(sessionId);
    await sql(`UPDATE inference_jobs SET status = 'ABORTED' WHERE status = 'PENDING'`);
  });

  const sql = (text: string) => api.persistence.database.sequelize.query(text);
  const sessionOf = (answer: { at(path: string): unknown }) => answer.at('session') as ShownSession;
  const open = async (body: object = {}) =>
    sessionOf(await client.post('/api/servo/sessions', { goal: FAKE_GOAL, record: true, ...body }));
  const close = async ({ id }: ShownSession) => sessionOf(await client.delete(`/api/servo/sessions/${id}`));
  async function send({ id }: ShownSession, ...sequences: number[]): Promise<void> {
    for (const sequence of sequences) {
      const answer = await client.call('POST', `/api/servo/sessions/${id}/frames`, {
        headers: { 'content-type': 'application/octet-stream' },
        body: frameMessage(sequence),
      });
      expect(answer.status).toBe(200);
    }
  }
  const balance = async () => (await client.get('/api/user/credits')).at('credits');
  const recordedOf = async ({ id }: ShownSession) => readSession(await store.path(id));

  it('are made of sessions that ask for it alone', async () => {
    const session = await open({ record: false });
    await send(session, 1);
    expect(await close(session)).toMatchObject({ record: false, jobId: null });
    expect(await store.list()).toEqual([]);
    expect((await client.get('/api/jobs')).at('data')).toEqual([]);
  });

  it('cost nothing in a quote either, which says so', async () => {
    const quoted = (body: object) =>
      client.post('/api/servo/sessions?dryRun=true', { goal: FAKE_GOAL, maxFrames: 100_001, ...body });
    const [plain, recorded] = [await quoted({}), await quoted({ record: true })];
    expect(recorded.at('cost')).toBe(plain.at('cost'));
    expect(plain.at('warnings')).toEqual([]);
    expect(recorded.at('warnings')).toEqual([
      expect.stringContaining('costs nothing'),
      'The recording stops after 100000 frames; the session goes on.',
    ]);
  });

  it('of sessions without an answer become no job and are removed', async () => {
    const session = await open();
    expect(await sweep.runOnce()).toBe(0);
    expect(await close(session)).toMatchObject({ record: true, jobId: null, cost: { captured: 0 } });
    expect(await sweep.runOnce()).toBe(1);
    expect(await store.list()).toEqual([]);
  });

  it('cost nothing more, and are kept until their job has ended', async () => {
    const session = await open();
    await send(session, 1, 2);
    const { jobId } = await close(session);
    expect(await balance()).toBe(99.996);
    expect(await sweep.runOnce()).toBe(0);
    const cancelled = await client.post(`/api/jobs/${String(jobId)}/cancel`);
    expect(cancelled.at('status')).toBe('ABORTED');
    expect(await balance()).toBe(99.996);
    const page = await api.persistence.unitOfWork.read.jobs.page(
      { userId, includeDeleted: false },
      { offset: 0, limit: 10 },
    );
    expect(page.total).toBe(1);
    expect(await sweep.runOnce()).toBe(1);
    expect((await client.post(`/api/jobs/${String(jobId)}/retry`)).at('code')).toBe('JOB_NOT_RETRYABLE');
  });

  it('count their frames once in the usage, also when their job has ended', async () => {
    const session = await open();
    await send(session, 1, 2, 3);
    const { jobId } = await close(session);
    await sql(
      `UPDATE inference_jobs SET status = 'COMPLETED', started_at = now(), finished_at = now(),
              progress = '{"done": 3, "total": 3, "percent": 100, "stage": "report"}' WHERE id = '${String(jobId)}'`,
    );
    expect((await client.get('/api/user/usage')).at('data.0')).toMatchObject({ jobs: 1, frames: 3 });
  });

  it('of a killed api process become the job of what was written', async () => {
    const session = await open();
    await send(session, 1, 2);
    // The process dies while it writes its next entry.
    await appendFile(await store.path(session.id), Buffer.from([200, 0, 0, 0, 9, 0, 0, 0, 123]));
    await sql(
      `UPDATE servo_sessions SET frames_answered = 2, lease_expires_at = now() - interval '1 minute',
              instance_id = gen_random_uuid() WHERE id = '${session.id}'`,
    );
    const reconciler = new AbandonedServoSessions(api.persistence.unitOfWork, silentLogger);
    await reconciler.runOnce();
    expect(await reconciler.runOnce()).toBe(1);
    const shown = sessionOf(await client.get(`/api/servo/sessions/${session.id}`));
    expect(shown).toMatchObject({ status: 'ended', endReason: 'lost' });
    expect((await recordedOf(session)).frames.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(await api.persistence.queue.knows(queueMessageId(String(shown.jobId), 0))).toBe(true);
  });

  it('of deleted accounts become no job and are removed', async () => {
    const session = await open();
    await send(session, 1);
    await api.persistence.unitOfWork.run((scope) => scope.users.remove(userId));
    await sql(`UPDATE servo_sessions SET frames_answered = 1 WHERE id = '${session.id}'`);
    await new AbandonedServoSessions(api.persistence.unitOfWork, silentLogger).runOnce();
    const row = await api.persistence.unitOfWork.read.servoSessions.findById(session.id);
    expect(row).toMatchObject({ endReason: 'account', jobId: null });
    expect(await sweep.runOnce()).toBe(1);
  });

  it('stop at their size while the session goes on, and the result says so', async () => {
    const session = await open();
    const sequences = Array.from({ length: 20 }, (_, index) => index + 1);
    await send(session, ...sequences);
    const ended = await close(session);
    expect(ended).toMatchObject({ recordStopped: 'size', frames: { answered: 20 } });
    expect(await runNextJob(api)).toEqual({ kind: 'completed', jobId: ended.jobId });
    const result = await client.get(`/api/inference/result/json/${String(ended.jobId)}`);
    const recorded = Number(result.at('results.session.framesRecorded'));
    expect(recorded).toBeGreaterThan(1);
    expect(recorded).toBeLessThan(20);
    expect(result.at('results.velocity')).toHaveLength(recorded);
    expect(result.at('results.warnings')).toEqual([
      `The recording has ${String(recorded)} of the 20 answered frames: it reached its maximum size, SERVO_RECORD_MAX_MB.`,
    ]);
  });

  describe('and the storage of their user', () => {
    const limitTo = (storageBytes: number) =>
      api.persistence.unitOfWork.run(({ quotas }) => quotas.setOverrides(userId, { storageBytes }));
    const used = async () => (await client.get('/api/user/quota')).at('storage.usedBytes');

    it('count for it until their job has ended', async () => {
      const session = await open();
      // What it may become.
      expect(await used()).toBe(3000);
      await send(session, 1, 2);
      const { jobId } = await close(session);
      const [stored] = await store.list();
      expect(stored.bytes).toBeLessThan(3000);
      expect(await used()).toBe(stored.bytes);

      expect(await runNextJob(api)).toEqual({ kind: 'completed', jobId });
      expect(await used()).toBe(0);
      expect(await sweep.runOnce()).toBe(1);
    });

    it('are refused where nothing is left, without a session or a file, and sessions without one are not', async () => {
      await limitTo(2900);
      const before = await balance();
      const refused = await client.post('/api/servo/sessions', { goal: FAKE_GOAL, record: true });
      expect(refused.status).toBe(413);
      expect(refused.at('code')).toBe('STORAGE_QUOTA_EXCEEDED');
      expect(await balance()).toBe(before);
      expect(await store.list()).toEqual([]);
      await close(await open({ record: false }));
    });

    it('take what another one may still become from it', async () => {
      await limitTo(2 ** 20);
      await sql(`INSERT INTO user_usage (user_id, storage_bytes) VALUES ('${userId}', ${String(2 ** 20 - 3000)})
                 ON CONFLICT (user_id) DO UPDATE SET storage_bytes = EXCLUDED.storage_bytes`);
      const session = await open();
      expect((await client.post('/api/servo/sessions', { goal: FAKE_GOAL, record: true })).status).toBe(413);
      await close(session);
    });
  });

  it('that are missing fail their job with the reason, without a charge', async () => {
    const session = await open();
    await send(session, 1);
    const { jobId } = await close(session);
    await store.remove(session.id);
    expect(await runNextJob(api)).toMatchObject({ kind: 'failed', jobId });
    expect((await client.get(`/api/jobs/${String(jobId)}`)).json).toMatchObject({
      status: 'FAILED',
      error: { code: 'RECORDING_MISSING' },
    });
    expect(await balance()).toBe(99.998);
  });

  it('of sessions that were never created are removed after an hour', async () => {
    const { id } = await open();
    await (await store.create('0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c')).close();
    expect(await sweep.runOnce()).toBe(0);
    expect(await sweep.runOnce(new Date(Date.now() + 2 * HOUR_MS))).toBe(1);
    expect((await store.list()).map(({ sessionId }) => sessionId)).toEqual([id]);
  });
});
