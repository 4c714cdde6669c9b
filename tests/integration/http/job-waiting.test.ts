import { addVideos, completeJob } from '../../support/api-seeds.js';
import { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

/** Far longer than anything here takes: a test that waits for it fails by its time limit. */
const LONG = '60';

describe('waiting for jobs, and many jobs at once', () => {
  let api: TestApi;

  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  async function owner(name: string): Promise<{ client: ApiClient; body: object }> {
    const { client, user } = await api.user(name);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    return { client, body: { datasetId, parameters: { detector: 'ORB' } } };
  }

  const create = async ({ client, body }: { client: ApiClient; body: object }): Promise<string> =>
    String((await client.post('/api/inference', body)).at('jobId.0'));

  const complete = (id: string): Promise<void> =>
    completeJob(api.persistence.unitOfWork, id, Buffer.from('zip'));

  it('a request for a job is answered when the job has ended, by the query or by Prefer', async () => {
    const user = await owner('waits');
    const id = await create(user);
    const waiting = [
      user.client.get(`/api/jobs/${id}?wait=${LONG}`),
      user.client.get(`/api/jobs/${id}`, { headers: { Prefer: `respond-async, wait=${LONG}` } }),
    ];

    await complete(id);

    const [byQuery, byHeader] = await Promise.all(waiting);
    expect([byQuery.at('status'), byHeader.at('status')]).toEqual(['COMPLETED', 'COMPLETED']);
    expect(byQuery.headers.get('preference-applied')).toBeNull();
    expect(byHeader.headers.get('preference-applied')).toBe(`wait=${LONG}`);
  });

  it('a job that has ended is shown at once, one that goes on when the time is over', async () => {
    const user = await owner('over');
    const [ended, running] = [await create(user), await create(user)];
    await complete(ended);

    const atOnce = await user.client.get(`/api/jobs/${ended}?wait=${LONG}`);
    const late = await user.client.get(`/api/jobs/${running}?wait=1`);

    expect([atOnce.at('status'), late.at('status')]).toEqual(['COMPLETED', 'PENDING']);
    expect((await user.client.get(`/api/jobs/${running}?wait=61`)).status).toBe(400);
  });

  it('a request that creates jobs waits for them if it prefers to, and shows them', async () => {
    const user = await owner('creates');
    const creation = user.client.post('/api/inference', user.body, { Prefer: `wait=${LONG}` });
    const created = async (): Promise<string> => {
      for (;;) {
        const { rows } = await api.persistence.unitOfWork.read.jobs.list({ limit: 1, status: ['PENDING'] });
        const owned = (await user.client.get('/api/jobs')).at('data.0.id');
        if (rows.length > 0 && typeof owned === 'string') return owned;
      }
    };
    const id = await created();
    await complete(id);

    const answer = await creation;

    expect([answer.status, answer.at('jobId.0'), answer.at('jobs.0.status')]).toEqual([201, id, 'COMPLETED']);
    expect(answer.headers.get('preference-applied')).toBe(`wait=${LONG}`);
  });

  it('a retry waits for the new job if it prefers to, and shows it', async () => {
    const user = await owner('retries');
    const id = await create(user);
    await user.client.post(`/api/jobs/${id}/cancel`);
    const retry = user.client.post(`/api/jobs/${id}/retry`, undefined, { Prefer: `wait=${LONG}` });
    const next = async (): Promise<string> => {
      for (;;) {
        const first = (await user.client.get('/api/jobs')).at('data.0.id');
        if (first !== id) return String(first);
      }
    };
    await complete(await next());
    const answer = await retry;
    expect([answer.status, answer.at('status'), answer.at('retryOf')]).toEqual([201, 'COMPLETED', id]);
    expect(answer.headers.get('preference-applied')).toBe(`wait=${LONG}`);
  });

  it('a request whose session ends while it waits is told no more', async () => {
    const user = await owner('ends');
    const id = await create(user);
    const login = { email: 'ends@example.com', password: 'correct horse' };
    const token = String((await api.anonymous.post('/api/auth/login', login)).at('token'));
    const client = new ApiClient(api.url, token);
    const waiting = client.get(`/api/jobs/${id}?wait=${LONG}`);
    // It waits once its session has been used.
    await client.get('/api/jobs');
    await client.post('/api/auth/logout');
    await complete(id);
    const answer = await waiting;
    expect([answer.status, answer.at('code'), answer.at('status')]).toEqual([401, 'TOKEN_REVOKED', 401]);
  });

  it('an account has 50 waiting requests; a further one is answered at once', async () => {
    const user = await owner('crowd');
    const id = await create(user);
    const headers = { Prefer: `wait=${LONG}` };
    const waiting = Array.from({ length: 60 }, () => user.client.get(`/api/jobs/${id}`, { headers }));

    const first = await Promise.race(waiting);
    await complete(id);

    const answers = await Promise.all(waiting);
    expect(first.at('status')).toBe('PENDING');
    expect(answers.filter((answer) => answer.at('status') === 'COMPLETED')).toHaveLength(50);
    expect(answers.filter(({ headers: all }) => all.has('preference-applied'))).toHaveLength(50);
  });

  it('jobs are cancelled and retried by a filter, each with a report', async () => {
    const user = await owner('many');
    const ids = [await create(user), await create(user), await create(user)];
    await complete(ids[0]);
    const { client: stranger } = await api.user('other');

    const foreign = await stranger.post('/api/jobs/cancel', { ids });
    const cancelled = await user.client.post('/api/jobs/cancel', { ids });
    const rest = await user.client.post('/api/jobs/cancel', { all: true });
    const retried = await user.client.post('/api/jobs/retry', { task: 'cns', limit: 1 });

    expect([foreign.at('succeeded'), foreign.at('results.0.error.code')]).toEqual([0, 'NOT_FOUND']);
    expect([cancelled.at('succeeded'), cancelled.at('failed')]).toEqual([2, 1]);
    const results = cancelled.at('results') as { id: string; job: { status: string } | null }[];
    expect(results.find(({ id }) => id === ids[0])).toMatchObject({
      job: null,
      error: { code: 'JOB_FINISHED' },
    });
    expect(results.find(({ id }) => id === ids[1])?.job?.status).toBe('ABORTED');
    expect(rest.at('results')).toEqual([]);
    expect([retried.at('succeeded'), retried.at('hasMore')]).toEqual([1, true]);
    expect(retried.at('results.0.job.retryOf')).toBe(ids[2]);
    expect((await user.client.post('/api/jobs/cancel', {})).status).toBe(400);
  });

  it('an admin finds jobs of all users by their ids, owner, dataset and batch', async () => {
    const user = await owner('found');
    const id = await create(user);
    const job = (await user.client.get(`/api/jobs/${id}`)).json as { batchId: string; datasetId: string };
    const { client: admin } = await api.user('chief', 'admin');
    const found = async (query: string) =>
      ((await admin.get(`/api/admin/jobs?${query}`)).at('data.jobs') as { id: string }[]).map(
        (one) => one.id,
      );

    expect(await found(`id=${id}`)).toEqual([id]);
    expect(await found(`batchId=${job.batchId}`)).toEqual([id]);
    expect(await found(`datasetId=${job.datasetId}&status=FAILED`)).toEqual([]);
  });
});
