import { randomBytes } from 'node:crypto';
import { addVideos, completeJob, SEEDED_FRAMES } from '../../support/api-seeds.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';

/** Micro-credits of one processed frame: 0.002 credits. */
const FRAME = 0.002;
const PARAMETERS = {
  startFrame: 0,
  endFrame: 50,
  goalFrameId: 40,
  frameStep: 2,
  detector: 'ORB',
  useGpus: true,
};

describe('inference jobs over HTTP', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi({ settings: { MAX_WAITING_JOBS_PER_USER: '5' } });
  });
  afterAll(() => api.close());

  async function owner(
    name: string,
    videos = 1,
  ): Promise<{ client: ApiClient; datasetId: string; userId: string }> {
    const { client, user } = await api.user(name);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, videos);
    return { client, datasetId, userId: user.id };
  }

  const start = async (client: ApiClient, datasetId: string): Promise<string> =>
    String(
      (await client.post('/api/inference', { datasetId, parameters: PARAMETERS, range: 'all' })).at(
        'jobId.0',
      ),
    );

  const creditsOf = async (client: ApiClient): Promise<unknown> =>
    (await client.get('/api/user/credits')).at('credits');

  it('a job is quoted, created, held for and shown', async () => {
    const { client, datasetId } = await owner('starter');
    const body = { datasetId, parameters: PARAMETERS, range: 'all' };
    const quotes = [
      await client.post('/api/inference/estimate', body),
      await client.post('/api/inference?dryRun=true', body),
    ];
    for (const quote of quotes)
      expect(quote.json).toMatchObject({ cost: 25 * FRAME, balance: 100, affordable: true });
    expect((await client.get('/api/jobs')).at('data')).toEqual([]);

    const made = await client.post('/api/inference', body);
    expect([made.status, made.json]).toEqual([201, { jobId: [expect.any(String)] }]);
    const id = String(made.at('jobId.0'));
    expect(made.headers.get('location')).toBe(`/api/jobs/${id}`);
    expect(await creditsOf(client)).toBe(100 - 25 * FRAME);
    expect((await client.get(`/api/inference/status/${id}`)).json).toMatchObject({
      status: 'PENDING',
      jobId: id,
    });
    expect((await client.get(`/api/jobs/${id}`)).json).toMatchObject({
      id,
      task: 'cns',
      status: 'PENDING',
      device: { requested: 'auto', used: null },
      cost: { held: 25 * FRAME, captured: 0 },
      results: null,
    });
    const early = await client.get(`/api/inference/result/json/${id}`);
    expect([early.status, early.at('code')]).toEqual([409, 'RESULT_NOT_READY']);
    expect((await api.persistence.messages()).map(({ payload }) => payload)).toContainEqual({ jobId: id });
  });

  it('three videos make two jobs of one batch; what does not fit the videos costs nothing', async () => {
    const { client, datasetId } = await owner('pairs', 3);
    const made = await client.post('/api/inference', { datasetId, parameters: PARAMETERS });
    expect(made.at('jobId')).toHaveLength(2);
    const page = await client.get('/api/jobs?status=PENDING&task=cns');
    expect(page.at('data.0.batchId')).toBe(page.at('data.1.batchId'));

    const before = await creditsOf(client);
    const beyond = { ...PARAMETERS, endFrame: SEEDED_FRAMES + 1 };
    const refused = await client.post('/api/inference', { datasetId, parameters: beyond });
    expect(refused.status).toBe(422);
    expect((await client.post('/api/inference', { datasetId, range: '1-9' })).status).toBe(422);
    expect(await creditsOf(client)).toBe(before);
  });

  it('jobs are listed for every time that ISO 8601 can write', async () => {
    const { client, datasetId } = await owner('historian');
    const id = await start(client, datasetId);
    const listed = async (query: string) => (await client.get(`/api/jobs?${query}`)).at('data');
    for (const early of ['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '1969-12-31T23:59:59.999Z']) {
      expect(await listed(`createdAfter=${early}`)).toMatchObject([{ id }]);
      expect(await listed(`createdBefore=${early}`)).toEqual([]);
    }
    expect(await listed('createdBefore=9999-12-31T23:59:59Z')).toMatchObject([{ id }]);
    const cursor = Buffer.from(`0000-01-01T00:00:00.000Z ${id}`).toString('base64url');
    expect(await listed(`cursor=${cursor}`)).toEqual([]);
  });

  it('parallel requests make no more waiting jobs than the limit, which errors and dry runs name', async () => {
    const { client, datasetId } = await owner('hoarder', 3);
    const body = { datasetId, parameters: PARAMETERS };
    const answers = await Promise.all(Array.from({ length: 8 }, () => client.post('/api/inference', body)));
    const refused = answers.filter(({ status }) => status === 429);
    // Two jobs a request, five may wait.
    expect([answers.filter(({ status }) => status === 201).length, refused.length]).toEqual([2, 6]);
    expect((await client.get('/api/jobs?status=PENDING')).at('data')).toHaveLength(4);
    expect(refused[0].json).toMatchObject({ code: 'TOO_MANY_WAITING_JOBS', waiting: 4, added: 2, limit: 5 });
    expect(refused[0].at('message')).toMatch(
      /^4 of your jobs are waiting and this request adds 2; at most 5 /,
    );
    expect(Number(refused[0].headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await creditsOf(client)).toBe(100 - 4 * 25 * FRAME);
    const dry = await client.post('/api/inference?dryRun=true', body);
    expect(dry.at('waitingJobs')).toEqual({ waiting: 4, added: 2, limit: 5, allowed: false });

    const page = await client.get('/api/jobs');
    const [first, second] = ['data.0.id', 'data.1.id'].map((path) => String(page.at(path)));
    await completeJob(api.persistence.unitOfWork, first, randomBytes(10));
    await client.post(`/api/jobs/${second}/cancel`, {});
    expect((await client.post('/api/inference', body)).status).toBe(201);
    expect((await client.post(`/api/jobs/${second}/retry`, {})).status).toBe(201);
    expect((await client.post(`/api/jobs/${second}/retry`, {})).at('code')).toBe('TOO_MANY_WAITING_JOBS');
  });

  it('a detector that is not installed is refused and nothing is charged', async () => {
    const { client, datasetId } = await owner('sifter');
    const before = await creditsOf(client);
    const parameters = { ...PARAMETERS, detector: 'EYES' };
    const answer = await client.post('/api/inference', { datasetId, parameters, range: 'all' });
    expect([answer.status, answer.at('code')]).toEqual([422, 'DETECTOR_NOT_AVAILABLE']);
    expect(await creditsOf(client)).toBe(before);
  });

  it('without enough credits there is no job', async () => {
    const { client, datasetId, userId } = await owner('pauper');
    await api.persistence.unitOfWork.run(({ ledger }) =>
      ledger.append({
        userId,
        kind: 'recharge',
        amount: 99_990_000n,
        delta: -99_990_000n,
        description: 'spent',
      }),
    );
    const answer = await client.post('/api/inference', { datasetId, parameters: PARAMETERS });
    expect([answer.status, answer.at('code')]).toEqual([401, 'INSUFFICIENT_CREDITS']);
    expect(answer.headers.get('www-authenticate')).toBeNull();
    expect((await client.get('/api/jobs')).at('data')).toEqual([]);
  });

  it('fifty repeats of one request at once make one job', async () => {
    const { client, datasetId } = await owner('impatient');
    const headers = { 'idempotency-key': 'create-1' };
    const body = { datasetId, parameters: PARAMETERS, range: 'all' };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.post('/api/inference', body, headers)),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect((await client.get('/api/jobs')).at('data')).toHaveLength(1);
    expect(await creditsOf(client)).toBe(100 - 25 * FRAME);
    const other = await client.post('/api/inference', { ...body, range: '0-0' }, headers);
    expect([other.status, other.at('code')]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    const bad = await client.post('/api/inference', body, { 'idempotency-key': 'k'.repeat(256) });
    expect([bad.status, bad.at('code')]).toEqual([400, 'VALIDATION']);
  });

  it('the repeat of a request that failed is a new try', async () => {
    const { client, datasetId } = await owner('second-try');
    const headers = { 'idempotency-key': 'create-1' };
    const refused = await client.post('/api/inference', { datasetId, range: '5-6' }, headers);
    expect(refused.status).toBe(422);
    expect((await client.post('/api/inference', { datasetId }, headers)).status).toBe(201);
  });

  it('cancel gives the hold back, may be repeated, and announces itself to the worker; retry makes a new job', async () => {
    const { client, datasetId } = await owner('quitter');
    const id = await start(client, datasetId);
    const first = await client.post(`/api/jobs/${id}/cancel`);
    expect([first.status, first.at('status')]).toEqual([202, 'ABORTED']);
    expect((await client.post(`/api/jobs/${id}/cancel`)).status).toBe(202);
    expect(api.cancelled.filter((cancelled) => cancelled === id)).toHaveLength(1);
    expect(await creditsOf(client)).toBe(100);

    const copy = await client.post(`/api/jobs/${id}/retry`);
    expect(copy.status).toBe(201);
    expect(copy.json).toMatchObject({ status: 'PENDING', retryOf: id });
    expect(await creditsOf(client)).toBe(100 - 25 * FRAME);
    const again = await client.post(`/api/jobs/${String(copy.at('id'))}/retry`);
    expect([again.status, again.at('code')]).toEqual([409, 'JOB_NOT_RETRYABLE']);
  });

  it('a result comes as the seed JSON and as a ZIP with ranges, tag and a signed link', async () => {
    const { client, datasetId } = await owner('finisher');
    const id = await start(client, datasetId);
    const zip = randomBytes(1_500_000);
    await completeJob(api.persistence.unitOfWork, id, zip);
    const json = await client.get(`/api/inference/result/json/${id}`);
    expect(json.at('results')).toMatchObject({
      requestId: id,
      velocity: [[0.1, 0, 0, 0, 0, 0.2], null],
      carbon_footprint: 0.0119,
      message: 'Inference completed successfully',
      frames: [{ frame: 0 }, { frame: 1 }],
    });
    expect((await client.post(`/api/jobs/${id}/cancel`)).at('code')).toBe('JOB_FINISHED');

    const link = String(json.at('results.download_url'));
    const whole = await fetch(`${api.url}${link}`);
    expect(Buffer.from(await whole.arrayBuffer()).equals(zip)).toBe(true);
    expect(whole.headers.get('content-disposition')).toBe(`attachment; filename=infernode-${id}.zip`);

    const path = `/api/inference/result/zip/${id}`;
    const authorization = `Bearer ${client.token}`;
    const part = await fetch(`${api.url}${path}`, {
      headers: { authorization, range: 'bytes=1048570-1048585' },
    });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 1048570-1048585/1500000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(zip.subarray(1_048_570, 1_048_586))).toBe(true);
    const tail = await fetch(`${api.url}${path}`, { headers: { authorization, range: 'bytes=-5' } });
    expect(Buffer.from(await tail.arrayBuffer()).equals(zip.subarray(-5))).toBe(true);
    const beyond = await client.get(path, { headers: { range: 'bytes=1500000-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */1500000']);
    const same = await client.get(path, { headers: { 'if-none-match': whole.headers.get('etag') ?? '' } });
    expect(same.status).toBe(304);
    const head = await fetch(`${api.url}${path}`, { method: 'HEAD', headers: { authorization } });
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '1500000']);
  });

  it('a link ends with its account', async () => {
    const { client, datasetId, userId } = await owner('link-leaver');
    const id = await start(client, datasetId);
    await completeJob(api.persistence.unitOfWork, id, Buffer.from('zip'));
    const link = String((await client.get(`/api/inference/result/json/${id}`)).at('results.download_url'));
    expect((await api.anonymous.get(link)).status).toBe(200);
    expect((await client.delete(`/api/users/${userId}`)).status).toBe(200);
    const answer = await api.anonymous.get(link);
    expect([answer.status, answer.at('code')]).toEqual([403, 'INVALID_LINK']);
  });

  it('a link that was changed in any way is refused alike', async () => {
    const { client, datasetId } = await owner('linker');
    const id = await start(client, datasetId);
    await completeJob(api.persistence.unitOfWork, id, Buffer.from('zip'));
    const link = new URL(
      String((await client.get(`/api/inference/result/json/${id}`)).at('results.download_url')),
      api.url,
    );
    const other = await api.user('link-thief');
    const changes: ((url: URL) => void)[] = [
      (url) => url.searchParams.set('user', other.user.id),
      (url) => url.searchParams.set('expires', String(Number(url.searchParams.get('expires')) + 1)),
      (url) => url.searchParams.set('signature', 'AAAA'),
      (url) => (url.pathname = url.pathname.replace(id, datasetId)),
    ];
    for (const change of changes) {
      const url = new URL(link);
      change(url);
      const answer = await api.anonymous.get(`${url.pathname}${url.search}`);
      expect([answer.status, answer.at('code')]).toEqual([403, 'INVALID_LINK']);
    }
    const bare = await api.anonymous.get(`/api/inference/result/zip/${id}`);
    expect([bare.status, bare.at('code')]).toEqual([401, 'TOKEN_MISSING']);
    const asToken = await api.anonymous.get('/api/user/credits', {
      headers: { authorization: `Bearer ${link.searchParams.get('signature')}` },
    });
    expect(asToken.status).toBe(401);
  });

  it('pages follow each other without gaps by cursor and Link', async () => {
    const { client, datasetId } = await owner('pager', 6);
    const made = (await client.post('/api/inference', { datasetId, parameters: PARAMETERS })).at(
      'jobId',
    ) as string[];
    const seen: string[] = [];
    let next: string | null = '/api/jobs?limit=2&status=PENDING&status=RUNNING';
    while (next !== null) {
      const page = await client.get(next);
      seen.push(...(page.at('data') as { id: string }[]).map(({ id }) => id));
      const link = page.headers.get('link');
      expect(page.at('hasMore')).toBe(link !== null);
      next = link === null ? null : (/^<([^>]+)>; rel="next"$/.exec(link)?.[1] ?? 'malformed');
    }
    expect([...seen].sort()).toEqual([...made].sort());
    expect((await client.get('/api/jobs?createdBefore=2020-01-01T00:00:00Z')).at('data')).toEqual([]);
  });

  it('everything of another user is 404, for an admin too', async () => {
    const { client, datasetId } = await owner('private');
    const id = await start(client, datasetId);
    for (const stranger of [await api.user('snoop'), await api.user('nosy-admin', 'admin')]) {
      const answers = await Promise.all([
        stranger.client.get(`/api/dataset/${datasetId}`),
        stranger.client.put(`/api/dataset/${datasetId}`, { name: 'Mine now' }),
        stranger.client.delete(`/api/dataset/${datasetId}`),
        stranger.client.post('/api/inference', { datasetId }),
        stranger.client.post('/api/inference?dryRun=true', { datasetId }),
        stranger.client.post('/api/inference/estimate', { datasetId }),
        stranger.client.get(`/api/inference/status/${id}`),
        stranger.client.get(`/api/inference/result/json/${id}`),
        stranger.client.get(`/api/inference/result/zip/${id}`),
        stranger.client.get(`/api/jobs/${id}`),
        stranger.client.get(`/api/jobs/${id}/events`),
        stranger.client.post(`/api/jobs/${id}/cancel`),
        stranger.client.post(`/api/jobs/${id}/retry`),
      ]);
      expect(answers.map(({ status, at }) => [status, at('code')])).toEqual(
        answers.map(() => [404, 'NOT_FOUND']),
      );
      expect((await stranger.client.get(`/api/jobs?datasetId=${datasetId}`)).at('data')).toEqual([]);
      expect((await stranger.client.get('/api/dataset')).at('datasets')).toEqual([]);
    }
    expect((await client.get(`/api/jobs/${id}`)).at('status')).toBe('PENDING');
  });
});
