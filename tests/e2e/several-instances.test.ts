import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { ApiClient } from '../support/api-client.js';
import { Cluster } from '../support/cluster.js';
import { ClusterUser, jobOf } from '../support/cluster-user.js';
import { hasNginx } from '../support/nginx.js';
import { databaseUrl } from '../support/database-broker.js';
import { execute, openPostgresServer, type PostgresServer } from '../support/postgres-server.js';
import { readEvents } from '../support/read-events.js';
import { RealtimeClient } from '../support/realtime-client.js';
import { hasRedisServer, startRedis, type RedisServer } from '../support/redis-server.js';
import { RetryingLoad } from '../support/retrying-load.js';
import { makeStackFolder } from '../support/running-stack.js';

const LIMIT = 1200;

type Presence = { connectedDevices: number; hasWebPlayer: boolean };
type Progress = { status: string };

let postgres: PostgresServer;
/** A JPEG in base64. */
let goal: string;

beforeAll(async () => {
  if (!hasNginx) return;
  postgres = await openPostgresServer();
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const;
  const textured = { width: 160, height: 120, channels: 3, background: '#808080', noise } as const;
  const coarse = sharp(await sharp({ create: textured }).png().toBuffer());
  goal = (await coarse.resize({ width: 320, height: 240 }).jpeg().toBuffer()).toString('base64');
});
afterAll(() => postgres?.stop());

describe('nginx and redis-server', () => {
  it('are there where they are required', () => {
    if (process.env.INFERNODE_REQUIRE_NGINX === '1') expect([hasNginx, hasRedisServer]).toEqual([true, true]);
  });
});

const backends = hasRedisServer ? ['postgres', 'redis'] : ['postgres'];

(hasNginx ? describe : describe.skip).each(backends)('two apis and two workers on %s', (backend) => {
  let folder: string;
  let redis: RedisServer | undefined;
  let cluster: Cluster;
  const users: ClusterUser[] = [];

  beforeAll(async () => {
    folder = await makeStackFolder('infernode-cluster-');
    redis = backend === 'redis' ? await startRedis() : undefined;
    const database = `cluster_${backend}_${process.pid}`;
    await execute(postgres.adminUrl, `CREATE DATABASE ${database}`);
    cluster = await Cluster.start({
      folder: path.join(folder, 'cluster'),
      databaseUrl: databaseUrl(postgres.adminUrl, database),
      redis,
      settings: { RATE_LIMIT_PER_MINUTE: String(LIMIT), LOGIN_ATTEMPTS_PER_15_MINUTES: '3' },
    });
  });
  afterAll(async () => {
    try {
      await cluster.close();
    } finally {
      await redis?.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
  afterEach(() => users.splice(0).forEach((user) => user.close()));

  async function account(name: string): Promise<ClusterUser> {
    const user = await ClusterUser.register(cluster, name);
    users.push(user);
    return user;
  }

  const pathOf = (url: unknown): string => {
    const { pathname, search } = new URL(String(url), cluster.url);
    return pathname + search;
  };

  /** Statuses of `count` requests that need no account, from an address of their own, six at a time. */
  async function statusesFrom(localAddress: string, count: number): Promise<number[]> {
    const agent = new Agent({ keepAlive: true, maxSockets: 6, localAddress });
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        request(`${cluster.url}/.well-known/jwks.json`, { agent }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        })
          .once('error', reject)
          .end();
      });
    const statuses = await Promise.all(Array.from({ length: count }, ask));
    agent.destroy();
    return statuses;
  }

  it('pass the events of one on to the clients of the other', async () => {
    const ada = await account('events');
    const [phone, player] = [await ada.device(0), await ada.device(1)];
    const listener = await ada.socket(1);
    await ada.prepare(ada.at(0));
    const jobId = jobOf(await ada.createJob(ada.at(0)));
    listener.send({ type: 'subscribe', jobId, since: 0 });
    void player.ask('join_job_room', jobId);
    const stream = await ada.stream(1, jobId);
    const streamed: number[] = [];
    for await (const { event, id } of readEvents(stream)) if (event !== 'snapshot') streamed.push(Number(id));
    // From 2 on without a gap, up to the end of the job, which ends the stream.
    expect(streamed).toEqual(streamed.map((_, index) => index + 2));
    const last = streamed.at(-1);
    for (let seq = 1; seq !== last;) seq = Number((await listener.next('event')).seq);
    await player.next('job:progress', ({ status }: Progress) => status === 'COMPLETED');

    for (let count = 0; count < 30; count += 1)
      await ada.at(0).post('/api/websocket/test', { message: `message ${count}` });
    for (let count = 0; count < 30; count += 1)
      expect(await player.next('notification')).toEqual({ message: `message ${count}` });
    const texts: unknown[] = [];
    while (texts.length < 30) {
      const { message } = await listener.next('notification');
      if (message !== undefined) texts.push(message);
    }
    expect(texts).toEqual(Array.from({ length: 30 }, (_, count) => `message ${count}`));

    for (let value = 0; value < 40; value += 1)
      phone.socket.emit('new_remote_control_event', { event: 'seek', value });
    for (const receiver of [phone, player])
      for (let value = 0; value < 40; value += 1)
        expect(await receiver.next('new_remote_control_event')).toEqual({ event: 'seek', value });
  });

  it('store an upload and a result for each other', async () => {
    const ada = await account('files');
    await ada.prepare(ada.at(0));
    const stored = pathOf((await ada.at(1).get('/api/datasets/pair/data')).at('data.items.0.imageUrl'));
    const [first, second] = [await ada.at(0).get(stored), await ada.at(1).get(stored)];
    expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
    const jobId = jobOf(await ada.createJob(ada.at(1)));
    expect((await ada.at(0).get(`/api/jobs/${jobId}?wait=60`)).at('status')).toBe('COMPLETED');
    const results = await ada.at(0).get(`/api/inferences/${jobId}/results`);
    const file = pathOf(results.at('data.images.0.downloadUrl'));
    expect([(await ada.at(0).get(file)).status, (await ada.at(1).get(file)).status]).toEqual([200, 200]);
  });

  it('run a request with the same idempotency key once', async () => {
    const ada = await account('once');
    await ada.prepare();
    const headers = { 'idempotency-key': 'the-same' };
    const answers = await Promise.all(
      ([0, 1, 0, 1] as const).map((member) => ada.createJob(ada.at(member), headers)),
    );
    const again = await ada.createJob(ada.at(1), headers);
    const ids = [...answers.filter(({ status }) => status === 201), again].map(jobOf);
    expect(new Set(ids).size).toBe(1);
    expect((await ada.any.get('/api/jobs')).at('data')).toHaveLength(1);
  });

  it('count the requests of an address together', async () => {
    const statuses = await statusesFrom('127.0.0.9', LIMIT + 20);
    expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
    expect(statuses.filter((status) => status === 429)).toHaveLength(20);
  });

  it('count wrong passwords together', async () => {
    const ada = await account('guessed');
    const codes: unknown[] = [];
    for (const member of [0, 1, 1, 0] as const) {
      const anonymous = new ApiClient(cluster.instance(member));
      const password = codes.length < 3 ? 'a wrong password' : ada.password;
      codes.push((await anonymous.post('/api/auth/login', { email: ada.email, password })).at('code'));
    }
    expect(codes).toEqual([...Array<string>(3).fill('INVALID_CREDENTIALS'), 'TOO_MANY_ATTEMPTS']);
  });

  it("take each other's tickets, each of them once", async () => {
    const ada = await account('tickets');
    const ticket = String((await ada.at(0).post('/api/websocket/tickets')).at('ticket'));
    const url = `${cluster.instance(1).replace('http', 'ws')}/ws?ticket=${ticket}`;
    const [first, second] = [new RealtimeClient(url), new RealtimeClient(url)];
    const codes = await Promise.all(
      [first, second].map((socket) =>
        Promise.race([socket.next('authenticated'), socket.next('error')]).then(({ type }) => type),
      ),
    );
    expect(codes.sort()).toEqual(['authenticated', 'error']);
    first.terminate();
    second.terminate();
  });

  it('send clients of a live session to the one that opened it', async () => {
    const ada = await account('pilot');
    const opened = await ada.at(0).post('/api/servo/sessions', {
      goal: { image: goal },
      detector: 'ORB',
      maxFrames: 5,
    });
    const id = String(opened.at('session.id'));
    const frame = {
      headers: { 'content-type': 'image/jpeg' },
      body: new Blob([Buffer.from(goal, 'base64')]),
    };
    const path = `/api/servo/sessions/${id}/frames`;
    const sent = await ada.at(1).call('POST', path, frame);
    expect([sent.status, sent.headers.get('location')]).toEqual([307, `${cluster.instance(0)}${path}`]);
    const answered = await ada.any.call('POST', path, { ...frame, redirect: 'follow' });
    expect(answered.at('velocity')).toHaveLength(6);
    const ended = await ada.any.call('DELETE', `/api/servo/sessions/${id}`, { redirect: 'follow' });
    expect(ended.at('session.status')).toBe('ended');
  });

  it('count devices and connections together, also after one was killed', async () => {
    const ada = await account('present');
    const [first, second, third] = [await ada.device(1), await ada.device(0), await ada.device(0)];
    await ada.socket(0);
    second.socket.emit('web_client_status', { active: true });
    await first.next<Presence>(
      'client_presence',
      (shown) => shown.connectedDevices === 3 && shown.hasWebPlayer,
    );
    const connections = async () => (await ada.any.get('/api/websocket/stats')).at('data.userConnections');
    expect(await connections()).toBe(1);

    await cluster.end(cluster.api(0), 'SIGKILL');
    const unanswered = await ada.at(0).get('/api/user/credits');
    expect([unanswered.status, unanswered.at('code')]).toEqual([503, 'SHUTTING_DOWN']);
    expect(unanswered.headers.get('retry-after')).toBe('1');
    expect(await first.next<Presence>('client_presence', (shown) => shown.connectedDevices === 1)).toEqual({
      connectedDevices: 1,
      hasWebPlayer: false,
    });
    expect(await connections()).toBe(0);
    await third.next('disconnect');
    await cluster.startApi(0);
    await ada.device(0);
    await first.next<Presence>('client_presence', (shown) => shown.connectedDevices === 2);
  });

  it('are replaced one after the other without a request that fails twice', async () => {
    const ada = await account('rolling');
    await ada.recharge(10_000);
    await ada.prepare();
    const created = new Set<string>();
    const createOnce = () => {
      const headers = { 'idempotency-key': randomUUID() };
      return async () => {
        const answer = await ada.createJob(ada.any, headers);
        if (answer.status === 201) created.add(jobOf(answer));
        return answer;
      };
    };
    const load = new RetryingLoad();
    load.add(200, () => () => ada.any.get('/api/user/credits'));
    load.add(200, () => () => ada.any.get('/api/jobs'));
    load.add(200, () => () => ada.any.post('/api/websocket/test', { message: 'load' }));
    load.add(1000, createOnce);
    const ends = [await cluster.restartApi(0), await cluster.restartApi(1)];
    ends.push(await cluster.end(cluster.worker(0)));
    const { answered, failed } = await load.stop();
    await cluster.startWorker(0);
    expect(ends).toEqual([0, 0, 0]);
    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(created.size);
    for (const id of created)
      expect((await ada.any.get(`/api/jobs/${id}?wait=60`)).at('status')).toBe('COMPLETED');
  });

  it('log no error that nothing handled', () => {
    const unhandled = /Uncaught error|\[(crit|alert|emerg)\]/;
    const lines = cluster.output().split('\n');
    expect(lines.filter((line) => unhandled.test(line))).toEqual([]);
  });
});
