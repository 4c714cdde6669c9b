import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from '../support/api-client.js';
import type { Cluster, Member } from '../support/cluster.js';
import { ClusterUser } from '../support/cluster-user.js';
import { RealtimeClient } from '../support/realtime-client.js';
import { RemoteClient } from '../support/remote-client.js';

/** What an attack on several instances should come to, and came to. */
export interface AttackRow {
  readonly attack: string;
  readonly expected: string;
  readonly result: string;
}

const REQUESTS = 200;
const KEY_LIMIT = 30;
/** A request waits a quarter of a second for the counts of the other process; on a busy machine a few more are answered. */
const MAX_KEY_ANSWERS = 33;
/** More than any change takes to arrive. */
const PATIENCE_MS = 15_000;
const UPLOAD_BYTES = 8 * 1024 * 1024;

const newUser = (cluster: Cluster): Promise<ClusterUser> =>
  ClusterUser.register(cluster, `attacker-${randomUUID()}`);

/** A key of this user. */
async function keyOf(user: ClusterUser, settings: object) {
  const made = await user.at(0).post('/api/keys', { name: 'A key', ...settings });
  return { id: String(made.at('apiKey.id')), secret: String(made.at('secret')) };
}

const soon = <Value>(promise: Promise<Value>, late: Value): Promise<Value> =>
  Promise.race([promise, delay(PATIENCE_MS, late, { ref: false })]);

/** A key that is revoked on one process ends the connections that it opened on the other one. */
async function revokedKey(cluster: Cluster): Promise<AttackRow> {
  const user = await newUser(cluster);
  await user.recharge(1000);
  await user.prepare();
  const admin = await ClusterUser.signIn(cluster, cluster.admin);
  await admin.any.post('/api/admin/tasks/inpainting/pause', {});
  const jobId = String((await user.createJob()).at('jobId'));
  const { id, secret } = await keyOf(user, { scopes: ['jobs:read'] });
  const headers = { 'x-api-key': secret };
  const instance = cluster.instance(1);
  const socket = new RealtimeClient(`${instance.replace('http', 'ws')}/ws`, { headers });
  await socket.next('authenticated');
  const path = `${new URL(instance).pathname}/socket.io`;
  const remote = new RemoteClient(cluster.url, { path, auth: { apiKey: secret } });
  await remote.next('connect');
  const stream = await fetch(`${instance}/api/jobs/${jobId}/events`, { headers });
  const streamed = stream.text();
  await user.at(0).delete(`/api/keys/${id}`);
  const ended = await Promise.all([
    soon(
      socket.closed().then(() => 'WebSocket'),
      '',
    ),
    soon(
      remote.next('disconnect').then(() => 'Socket.IO'),
      '',
    ),
    soon(
      streamed.then(
        () => 'event stream',
        () => 'event stream',
      ),
      '',
    ),
  ]);
  const { status } = await new ApiClient(instance, undefined, headers).get(`/api/jobs/${jobId}`);
  socket.terminate();
  remote.close();
  await stream.body?.cancel().catch(() => undefined);
  await admin.any.post('/api/admin/tasks/inpainting/resume');
  return {
    attack: 'a key goes on after it was revoked on the other process',
    expected: 'WebSocket, Socket.IO, event stream end; 401',
    result: `${ended.filter(Boolean).join(', ')} end; ${String(status)}`,
  };
}

/** Requests in turns to both processes count together. */
async function doubledLimit(cluster: Cluster): Promise<AttackRow> {
  const user = await newUser(cluster);
  const { secret } = await keyOf(user, { scopes: ['account:read'], rateLimitPerMinute: KEY_LIMIT });
  const clients = ([0, 1] as const).map(
    (member) => new ApiClient(cluster.instance(member), undefined, { 'x-api-key': secret }),
  );
  const answers = await Promise.all(
    Array.from({ length: REQUESTS }, (_, index) => clients[index % 2].get('/api/user/credits')),
  );
  const answered = answers.filter(({ status }) => status === 200).length;
  const refused = answers.filter(({ status }) => status === 429).length;
  const isOneLimit = answered >= KEY_LIMIT && answered <= MAX_KEY_ANSWERS && answered + refused === REQUESTS;
  const expected = `${String(KEY_LIMIT)} to ${String(MAX_KEY_ANSWERS)} answered, the others refused`;
  return {
    attack: `${String(REQUESTS)} requests at once with a key for ${String(KEY_LIMIT)} a minute`,
    expected,
    result: isOneLimit ? expected : `${String(answered)} answered, ${String(refused)} refused`,
  };
}

/** How a Socket.IO connection over these paths and transports goes. */
async function connection(cluster: Cluster, token: string, options: object): Promise<string> {
  const client = new RemoteClient(cluster.url, { auth: { token }, ...options });
  const outcome = await soon(
    new Promise<string>((resolve) => {
      client.socket.once('connect', () => resolve('connects'));
      client.socket.once('connect_error', () => resolve('refused'));
    }),
    'nothing',
  );
  client.close();
  return outcome;
}

/** The polling transport needs one process for a connection; the sticky upstream gives it that, WebSocket needs none. */
async function stickiness(cluster: Cluster): Promise<AttackRow> {
  const { token } = await newUser(cluster);
  const polling = await connection(cluster, token, { transports: ['polling'] });
  const webSocket = await connection(cluster, token, { transports: ['websocket'] });
  const upgraded = await connection(cluster, token, { transports: ['polling', 'websocket'] });
  const open = await fetch(`${cluster.instance(0)}/socket.io/?EIO=4&transport=polling`);
  const { sid } = JSON.parse((await open.text()).slice(1)) as { sid: string };
  const stray = await fetch(`${cluster.instance(1)}/socket.io/?EIO=4&transport=polling&sid=${sid}`);
  const { message } = JSON.parse(await stray.text()) as { message: string };
  return {
    attack: 'Socket.IO by polling, WebSocket, both; a session of the other process',
    expected: 'connects, connects, connects; 400 Session ID unknown',
    result: `${polling}, ${webSocket}, ${upgraded}; ${String(stray.status)} ${message}`,
  };
}

/** An api process is killed in the middle of an upload, which the client then repeats at the other one. */
async function killedUpload(cluster: Cluster): Promise<AttackRow> {
  const user = await newUser(cluster);
  await user.any.post('/api/datasets', { name: 'pairs' });
  const killed: Member = 0;
  const url = new URL(`${cluster.instance(killed)}/api/datasets/data`);
  const boundary = randomUUID();
  const upload = request(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${user.token}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': UPLOAD_BYTES,
    },
  });
  const answered = once(upload, 'response').then(
    ([response]) => String((response as { statusCode: number }).statusCode),
    () => 'cut',
  );
  upload.on('error', () => undefined);
  const part = `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n`;
  upload.write(part);
  upload.write(randomBytes(UPLOAD_BYTES / 2));
  const reserved = async () => Number((await user.at(1).get('/api/user/quota')).at('storage.reservedBytes'));
  while ((await reserved()) === 0) await delay(50);
  await cluster.end(cluster.api(killed), 'SIGKILL');
  const first = await soon(answered, 'nothing');
  upload.destroy();
  const again = await user.uploadPair('pairs');
  const data = await user.any.get('/api/datasets/pairs/data');
  const stored = (data.at('data.items') as readonly unknown[]).length;
  await cluster.startApi(killed);
  return {
    attack: 'an api process is killed in the middle of an upload, which is sent again',
    expected: '503, then 201; stored once',
    result: `${first}, then ${String(again.status)}; stored ${stored === 1 ? 'once' : `${String(stored)} times`}`,
  };
}

/** All attacks, the last of which kills a process. */
export async function attackCluster(cluster: Cluster): Promise<AttackRow[]> {
  return [
    await revokedKey(cluster),
    await doubledLimit(cluster),
    await stickiness(cluster),
    await killedUpload(cluster),
  ];
}
