import { once } from 'node:events';
import { WebSocket } from 'ws';
import { addVideos, appendProgress, appendStatus, completeJob } from '../../support/api-seeds.js';
import { TokenService } from '../../../src/services/token.service.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { RealtimeClient } from '../../support/realtime-client.js';
import { readEvents } from '../../support/read-events.js';

describe('realtime', () => {
  let api: TestApi;
  const open: RealtimeClient[] = [];

  beforeAll(async () => {
    api = await startTestApi({ settings: { CORS_ORIGINS: 'https://app.example' } });
  });
  afterAll(() => api.close());
  afterEach(() => open.splice(0).forEach((client) => client.terminate()));

  function connect(options: ConstructorParameters<typeof RealtimeClient>[1] = {}): RealtimeClient {
    const client = new RealtimeClient(`${api.url.replace('http', 'ws')}/ws`, options);
    open.push(client);
    return client;
  }

  async function signedIn(token: string): Promise<RealtimeClient> {
    const client = connect();
    await client.next('connection');
    client.send({ type: 'authenticate', token });
    await client.next('authenticated');
    return client;
  }

  async function ownerWithJob(
    name: string,
  ): Promise<{ client: ApiClient; token: string; jobId: string; userId: string }> {
    const { client, user, token } = await api.user(name);
    const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    const jobId = String((await client.post('/api/inference', { datasetId })).at('jobId.0'));
    return { client, token, jobId, userId: user.id };
  }

  /** Appends an event and waits until its owner has heard of it: who has not heard by then never will. */
  async function witnessedProgress(token: string, jobId: string): Promise<void> {
    const witness = await signedIn(token);
    witness.send({ type: 'subscribe', jobId });
    await witness.next('snapshot');
    await appendProgress(api.persistence.unitOfWork, jobId, 50);
    await witness.next('event');
  }

  describe('WebSocket', () => {
    it('the seed conversation: connection, authenticate, ping, notification of a job', async () => {
      const { token, jobId, userId } = await ownerWithJob('talker');
      const client = connect();
      expect(await client.next('connection')).toMatchObject({ type: 'connection' });
      client.send({ type: 'ping' });
      await client.next('pong');
      client.send({ type: 'authenticate', token });
      expect(await client.next('authenticated')).toMatchObject({ userId });
      await completeJob(api.persistence.unitOfWork, jobId, Buffer.from('zip'));
      const notice = await client.next('notification');
      expect(notice).toMatchObject({ inferenceId: jobId, status: 'COMPLETED' });
      const { zip } = notice.result as { zip: string };
      expect(await (await fetch(`${api.url}${zip}`)).text()).toBe('zip');
    });

    it('a subscription starts with a snapshot, replays after `since`, and counts without gaps', async () => {
      const { token, jobId } = await ownerWithJob('follower');
      const { unitOfWork } = api.persistence;
      await appendStatus(unitOfWork, jobId, 'RUNNING');
      await appendProgress(unitOfWork, jobId, 10);
      const client = await signedIn(token);
      client.send({ type: 'subscribe', jobId, since: 1 });
      expect(await client.next('snapshot')).toMatchObject({ jobId, seq: 3, job: { id: jobId } });
      expect(await client.next('event')).toMatchObject({
        seq: 2,
        event: 'status',
        payload: { status: 'RUNNING' },
      });
      expect(await client.next('event')).toMatchObject({
        seq: 3,
        event: 'progress',
        payload: { percent: 10 },
      });
      await Promise.all(Array.from({ length: 20 }, (_, index) => appendProgress(unitOfWork, jobId, index)));
      for (let seq = 4; seq <= 23; seq += 1) expect(await client.next('event')).toMatchObject({ seq });
      client.send({ type: 'unsubscribe', jobId });
      await client.next('unsubscribed');
      await witnessedProgress(token, jobId);
      client.send({ type: 'ping' });
      let message = await client.any();
      // That the job runs may have been told to the user only after the sign-in.
      while (message.type === 'notification') message = await client.any();
      expect(message.type).toBe('pong');
    });

    it("another user's job looks like one that does not exist, and sends nothing", async () => {
      const { jobId, token: owner } = await ownerWithJob('secretive');
      const { token } = await api.user('eavesdropper');
      const client = await signedIn(token);
      client.send({ type: 'subscribe', jobId });
      expect(await client.next('error')).toMatchObject({ code: 'NOT_FOUND', jobId });
      await witnessedProgress(owner, jobId);
      client.send({ type: 'ping' });
      expect((await client.any()).type).toBe('pong');
    });

    it('a token in the header of the upgrade is enough', async () => {
      const { token, user } = await api.user('header-user');
      const client = connect({ headers: { authorization: `Bearer ${token}` } });
      expect(await client.next('authenticated')).toMatchObject({ userId: user.id });
    });

    it('a bad token is told so and closed with 1008', async () => {
      const client = connect();
      client.send({ type: 'authenticate', token: 'nonsense' });
      expect(await client.next('error')).toMatchObject({ code: 'INVALID_TOKEN' });
      expect(await client.closed()).toBe(1008);
    });

    it('foreign pages get 403, tokens in the URL 401, other paths 404; allowed pages get in', async () => {
      const status = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
        const socket = new WebSocket(`${api.url.replace('http', 'ws')}${path}`, { headers });
        socket.on('error', () => {});
        const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
        socket.terminate();
        return response.statusCode;
      };
      expect(await status('/ws', { origin: 'http://evil.example' })).toBe(403);
      expect(await status('/ws?token=abc')).toBe(401);
      expect(await status('/elsewhere')).toBe(404);
      await connect({ headers: { origin: 'https://app.example' } }).next('connection');
      await connect({ headers: { origin: api.url } }).next('connection');
    });

    it.each<[string, (socket: RealtimeClient) => void, number]>([
      ['a message of 17 KB', (client) => client.raw(`"${'x'.repeat(17 * 1024)}"`), 1009],
      ['a binary message', (client) => client.raw(Buffer.from('hello')), 1003],
      [
        // More than the budget grows by in the minutes that the slowest machine needs for them.
        '5000 messages at once',
        (client) => Array.from({ length: 5000 }, () => client.send({ type: 'ping' })),
        4429,
      ],
    ])('%s closes the connection', async (_name, act, code) => {
      const client = connect();
      await client.next('connection');
      act(client);
      expect(await client.closed()).toBe(code);
      await connect().next('connection');
    });

    it('a message nobody knows is an error, not the end', async () => {
      const client = connect();
      const problems = {
        'not json': /not JSON/,
        '[]': /must be an object, not a list/,
        '{"type":"admin"}': /type: must be one of "authenticate", "ping", "subscribe", "unsubscribe"/,
        '{"type":"subscribe","jobId":"1"}': /jobId: must be a UUID .* \(given "1"\)/,
        '{"type":"authenticate","token":12345}': /token: must be a string, not a number$/,
      };
      for (const text of Object.keys(problems)) client.raw(text);
      for (const message of Object.values(problems))
        expect(await client.next('error')).toMatchObject({
          code: 'BAD_MESSAGE',
          message: expect.stringMatching(message),
        });
      client.send({ type: 'subscribe', jobId: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c' });
      expect(await client.next('error')).toMatchObject({ code: 'NOT_AUTHENTICATED' });
    });

    it('who says nothing is closed with 4401', async () => {
      const client = connect();
      expect(await client.closed()).toBe(4401);
    });

    it('a connection ends with its token', async () => {
      const { user } = await api.user('short-lived');
      const settings = { issuer: 'infernode', audience: 'infernode-api', accessSeconds: 2 };
      const client = await signedIn(await new TokenService(api.keys, settings).issue(user));
      expect(await client.closed()).toBe(4401);
    });

    it('the HTTP side counts connections and sends test messages', async () => {
      const { client, token } = await api.user('counter');
      const socket = await signedIn(token);
      await signedIn((await api.user('other-counter')).token);
      expect((await client.get('/api/websocket/stats')).json).toEqual({
        success: true,
        data: { totalConnections: 1, userConnections: 1 },
      });
      const answer = await client.post('/api/websocket/test', { message: 'This is a test notification' });
      expect(answer.json).toMatchObject({ success: true, message: 'Test notification sent', delivered: 1 });
      expect(await socket.next('notification')).toMatchObject({ message: 'This is a test notification' });
      const admin = await api.user('counting-admin', 'admin');
      expect((await admin.client.get('/api/websocket/stats')).at('data.totalConnections')).toBe(2);
    });

    it('events that were committed while the listening connection was cut arrive after it is back', async () => {
      const { token, jobId } = await ownerWithJob('survivor');
      const client = await signedIn(token);
      client.send({ type: 'subscribe', jobId });
      await client.next('snapshot');
      const cut =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'infernode-events %' AND datname = current_database()";
      await api.persistence.database.sequelize.query(cut);
      await appendStatus(api.persistence.unitOfWork, jobId, 'RUNNING');
      expect(await client.next('event')).toMatchObject({ seq: 2, payload: { status: 'RUNNING' } });
      // Around a lost connection a notification may come twice, but never not at all.
      let notice = await client.next('notification');
      if (notice.status === 'PENDING') notice = await client.next('notification');
      expect(notice).toMatchObject({ inferenceId: jobId, status: 'RUNNING' });
    });
  });

  describe('server-sent events', () => {
    it('a job is followed to its end, and a reconnect goes on after the last event', async () => {
      const { client, token, jobId } = await ownerWithJob('listener');
      const { unitOfWork } = api.persistence;
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${api.url}/api/jobs/${jobId}/events`, { headers });
      expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
      const events = readEvents(response);
      expect((await events.next()).value).toMatchObject({
        event: 'snapshot',
        data: { seq: 1, job: { id: jobId } },
      });
      await appendProgress(unitOfWork, jobId, 10);
      expect((await events.next()).value).toMatchObject({
        event: 'progress',
        id: '2',
        data: { percent: 10 },
      });
      await completeJob(unitOfWork, jobId, Buffer.from('zip'));
      expect((await events.next()).value).toMatchObject({
        event: 'status',
        id: '3',
        data: { status: 'COMPLETED' },
      });
      expect((await events.next()).done).toBe(true);

      const again = await fetch(`${api.url}/api/jobs/${jobId}/events`, {
        headers: { ...headers, 'last-event-id': '1' },
      });
      const replayed: unknown[] = [];
      for await (const { id, event } of readEvents(again)) replayed.push([id, event]);
      expect(replayed).toEqual([
        [undefined, 'snapshot'],
        ['2', 'progress'],
        ['3', 'status'],
      ]);
      const over = await client.get(`/api/jobs/${jobId}/events`, { headers: { 'last-event-id': '3' } });
      expect(over.status).toBe(204);
    });

    it('an account has at most 50 open streams, and ended ones make room', async () => {
      const { token, jobId } = await ownerWithJob('many-streams');
      const other = await ownerWithJob('other-streams');
      const follow = (id: string, owner: string) =>
        fetch(`${api.url}/api/jobs/${id}/events`, { headers: { authorization: `Bearer ${owner}` } });
      const streams = await Promise.all(Array.from({ length: 50 }, () => follow(jobId, token)));
      expect(new Set(streams.map(({ status }) => status))).toEqual(new Set([200]));
      const refused = await follow(jobId, token);
      expect(refused.status).toBe(429);
      expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_CONNECTIONS' });
      const ofOther = await follow(other.jobId, other.token);
      expect(ofOther.status).toBe(200);
      await ofOther.body?.cancel();

      for (const { body } of streams) await body?.cancel();
      let again = await follow(jobId, token);
      while (again.status === 429) again = await follow(jobId, token);
      expect(again.status).toBe(200);
      await again.body?.cancel();
    });
  });
});
