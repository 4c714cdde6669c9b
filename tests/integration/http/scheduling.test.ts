import { addVideos } from '../../support/api-seeds.js';
import type { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';

describe('the order of jobs over HTTP', () => {
  let api: TestApi;
  let admin: ApiClient;

  beforeAll(async () => {
    api = await startTestApi();
    admin = (await api.user('chief', 'admin')).client;
  });
  afterAll(() => api.close());

  async function owner(name: string): Promise<{ client: ApiClient; datasetId: string }> {
    const { client, user } = await api.user(name);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    return { client, datasetId };
  }

  const create = (client: ApiClient, datasetId: string, priority?: number) =>
    client.post('/api/inference', { datasetId, parameters: { detector: 'ORB' }, priority });

  const place = async (client: ApiClient, id: string): Promise<unknown> =>
    (await client.get(`/api/jobs/${id}`)).at('queuePosition');

  it('users take turns, priority counts among own jobs, and an admin can make a job the next one', async () => {
    const many = await owner('many');
    const first = String((await create(many.client, many.datasetId)).at('jobId.0'));
    const second = String((await create(many.client, many.datasetId)).at('jobId.0'));
    const third = String((await create(many.client, many.datasetId)).at('jobId.0'));
    const single = await owner('single');
    const other = String((await create(single.client, single.datasetId)).at('jobId.0'));
    expect([await place(many.client, first), await place(single.client, other)]).toEqual([0, 1]);

    const raised = await many.client.put(`/api/jobs/${third}/priority`, { priority: 10 });
    expect([raised.status, raised.at('priority'), raised.at('queuePosition')]).toEqual([200, 10, 0]);
    expect([await place(many.client, first), await place(many.client, second)]).toEqual([2, 3]);

    const promoted = await admin.post(`/api/admin/jobs/${second}/next`);
    expect([promoted.status, promoted.at('data.queuePosition')]).toEqual([200, 0]);
    expect(await place(single.client, other)).toBe(1);
    await many.client.post(`/api/jobs/${second}/cancel`);
    const late = await admin.post(`/api/admin/jobs/${second}/next`);
    expect([late.status, late.at('code')]).toEqual([409, 'JOB_NOT_WAITING']);
  });

  it.each([11, -11, 0.5, '1'])('the priority %j is refused', async (priority) => {
    const { client, datasetId } = await owner(`p${String(priority).replace(/\W/g, '-')}`);
    const body = { datasetId, parameters: { detector: 'ORB' }, priority };

    const answer = await client.post('/api/inference', body);

    expect([answer.status, answer.at('errors.0.pointer')]).toEqual([400, '/priority']);
  });

  it("a user can neither promote jobs, nor pause tasks, nor change another user's priority", async () => {
    const { client, datasetId } = await owner('owner');
    const id = String((await create(client, datasetId, -3)).at('jobId.0'));
    const { client: stranger } = await api.user('stranger');

    expect((await client.post(`/api/admin/jobs/${id}/next`)).status).toBe(403);
    expect((await client.post('/api/admin/tasks/cns/pause', {})).status).toBe(403);
    expect((await stranger.put(`/api/jobs/${id}/priority`, { priority: 1 })).status).toBe(404);
    expect((await client.get(`/api/jobs/${id}`)).at('priority')).toBe(-3);
  });

  it('a task that is paused for new jobs refuses them with the reason, until it is resumed', async () => {
    const { client, datasetId } = await owner('paused');
    const pause = await admin.post('/api/admin/tasks/cns/pause', {
      acceptJobs: false,
      reason: 'New weights are installed.',
    });
    expect([pause.status, pause.at('data.task.paused.acceptsJobs')]).toEqual([200, false]);

    const refused = await create(client, datasetId);
    expect([refused.status, refused.at('code')]).toEqual([503, 'TASK_PAUSED']);
    expect(refused.at('detail')).toContain('New weights are installed.');
    expect(refused.headers.get('retry-after')).toBe('60');

    await admin.post('/api/admin/tasks/cns/pause', {});
    expect((await create(client, datasetId)).status).toBe(201);
    const resumed = await admin.post('/api/admin/tasks/cns/resume');
    expect([resumed.status, resumed.at('data.task.paused')]).toEqual([200, null]);
    expect((await admin.get('/api/admin/tasks')).at('data.tasks.0.waiting')).toBeGreaterThan(0);
  });
});
