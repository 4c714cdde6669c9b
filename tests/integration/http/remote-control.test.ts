import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import { addVideos, appendProgress, appendStatus, completeJob } from '../../support/api-seeds.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { connectRemote, RemoteClient } from '../../support/remote-client.js';
import { TokenService } from '../../../src/services/token.service.js';

type Quota = { credits: number };
type Progress = { status: string; progress: number };
type Presence = { connectedDevices: number; hasWebPlayer: boolean };

let apis: readonly [TestApi, TestApi];
const open: RemoteClient[] = [];

beforeAll(async () => {
  const first = await startTestApi({ sharesEvents: true });
  apis = [first, await startTestApi({ sharesEvents: true, database: first.persistence.database })];
});
afterAll(async () => {
  await apis[1].close();
  await apis[0].close();
});
afterEach(() => open.splice(0).forEach((client) => client.close()));

function client(index: number, options: ConstructorParameters<typeof RemoteClient>[1]): RemoteClient {
  const made = new RemoteClient(apis[index].url, options);
  open.push(made);
  return made;
}

async function device(index: number, token: string): Promise<RemoteClient> {
  const made = await connectRemote(apis[index].url, { auth: { token } });
  open.push(made);
  return made;
}

async function ownerWithJob(name: string) {
  const { client: http, user, token } = await apis[0].user(name);
  const datasetId = String((await http.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
  await addVideos(apis[0].persistence.unitOfWork, { datasetId, userId: user.id }, 1);
  const create = async () => String((await http.post('/api/inference', { datasetId })).at('jobId.0'));
  return { http, user, token, create };
}

const devices = (count: number) => (presence: Presence) => presence.connectedDevices === count;

describe('who may connect', () => {
  it.each([
    ['in the handshake', (token: string) => ({ auth: { token } })],
    ['as bearer in the handshake', (token: string) => ({ auth: { token: `Bearer ${token}` } })],
    ['in a header', (token: string) => ({ extraHeaders: { authorization: `Bearer ${token}` } })],
    ['by long polling', (token: string) => ({ auth: { token }, transports: ['polling'] })],
    [
      'by long polling and then WebSocket',
      (token: string) => ({ auth: { token }, transports: ['polling', 'websocket'] }),
    ],
  ])('a client with a token %s', async (name, options) => {
    const { token } = await apis[0].user(`user-${name.length}`);
    const connected = client(0, options(token));
    await connected.next('connect');
    expect(await connected.next<Presence>('client_presence')).toEqual({
      connectedDevices: 1,
      hasWebPlayer: false,
    });
    expect(await connected.next<Quota>('quota_update')).toMatchObject({
      credits: 100,
      waitingJobs: { used: 0 },
    });
  });

  it.each([
    ['without a token', {}, 'TOKEN_MISSING'],
    ['with a forged token', { auth: { token: 'a.b.c' } }, 'INVALID_TOKEN'],
    ['with a token that is no text', { auth: { token: { a: 1 } } }, 'INVALID_TOKEN'],
    ['with two credentials', { auth: { token: 'a.b.c', ticket: 'inft_x' } }, 'CREDENTIALS_AMBIGUOUS'],
    ['with an unknown API key', { auth: { apiKey: `infk_${randomUUID()}_x` } }, 'INVALID_API_KEY'],
    ['with another scheme', { extraHeaders: { authorization: 'Basic dXNlcjpwYXNz' } }, 'TOKEN_NOT_BEARER'],
  ])('none %s', async (_, options, code) => {
    const refused = await client(0, options).next<Error & { data: object }>('connect_error');
    expect(refused.message).toBe('UNAUTHORIZED');
    expect(refused.data).toMatchObject({ code });
  });

  it('a client with an API key of the right scopes, until the key is deleted', async () => {
    const { client: http } = await apis[0].user('key-owner');
    const keyWith = async (...scopes: string[]) => {
      const answer = await http.post('/api/keys', { name: 'A key', scopes });
      return { secret: String(answer.at('secret')), id: String(answer.at('apiKey.id')) };
    };
    const [full, jobsOnly, other] = [
      await keyWith('jobs:read', 'account:read'),
      await keyWith('jobs:read'),
      await keyWith('datasets:read'),
    ];
    const first = client(0, { auth: { apiKey: full.secret } });
    expect(await first.next<Quota>('quota_update')).toMatchObject({ credits: 100 });
    const second = client(1, { extraHeaders: { 'x-api-key': jobsOnly.secret } });
    await second.next('client_presence', devices(2));
    expect(await second.ask('ping')).toEqual({ ok: true });
    expect(second.received()).not.toContain('quota_update');
    const refused = await client(0, { auth: { token: other.secret } }).next<Error>('connect_error');
    expect(refused.message).toBe('SCOPE_MISSING');
    await http.delete(`/api/keys/${jobsOnly.id}`);
    expect(await second.next<string>('disconnect')).toBe('io server disconnect');
    await first.next('client_presence', devices(1));
  });

  it('none to another namespace', async () => {
    const { token } = await apis[0].user('elsewhere');
    const raw = new WebSocket(`${apis[0].url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    const messages: string[] = [];
    const refused = new Promise<void>((resolve) =>
      raw.on('message', (data) => {
        messages.push(String(data));
        if (messages.length === 3) resolve();
      }),
    );
    await new Promise((resolve) => raw.once('message', resolve));
    raw.send(`40${JSON.stringify({ token })}`);
    raw.send(`40/other,${JSON.stringify({ token })}`);
    await refused;
    expect(messages.slice(1).sort()).toEqual([
      '44/other,{"message":"Invalid namespace"}',
      '44{"message":"Invalid namespace"}',
    ]);
    raw.terminate();
  });

  it('at most 50 sockets of an account on all processes together', async () => {
    const { token } = await apis[0].user('hoarder');
    await Promise.all(Array.from({ length: 50 }, (_, index) => device(index % 2, token)));
    const refused = await client(1, { auth: { token } }).next<Error>('connect_error');
    expect(refused.message).toBe('TOO_MANY_CONNECTIONS');
    open[0].close();
    await open[1].next('client_presence', devices(49));
    await device(1, token);
  });

  it('and only as long as the token is valid', async () => {
    const { user } = await apis[0].user('short');
    const tokens = new TokenService(apis[0].keys, {
      issuer: 'infernode',
      audience: 'infernode-api',
      accessSeconds: 2,
    });
    const short = await device(0, await tokens.issue(user));
    expect(await short.next('error')).toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await short.next<string>('disconnect')).toBe('io server disconnect');
  });
});

describe('devices of a user', () => {
  it('receive each control event, the sender included, and those of others do not', async () => {
    const { token } = await apis[0].user('owner');
    const stranger = await device(1, (await apis[0].user('stranger')).token);
    const [phone, player] = [await device(0, token), await device(1, token)];
    for (let count = 0; count < 30; count += 1)
      phone.socket.emit('new_remote_control_event', { event: 'seek', value: count });
    for (const receiver of [phone, player]) {
      for (let count = 0; count < 30; count += 1)
        expect(await receiver.next('new_remote_control_event')).toEqual({ event: 'seek', value: count });
    }
    expect(
      await phone.ask('new_remote_control_event', { event: 'set_speed_9', key: '9', isWebClientEvent: true }),
    ).toEqual({
      ok: true,
    });
    expect(await player.next('new_remote_control_event')).toMatchObject({ event: 'set_speed_9' });
    phone.socket.emit('ping');
    await player.next('ping');
    phone.socket.emit('goodbye');
    await player.next('goodbye');
    expect(phone.received()).not.toContain('goodbye');
    expect(new Set(stranger.received())).toEqual(new Set(['client_presence', 'quota_update']));
  });

  it('learn how many they are and whether one is a web player', async () => {
    const { token } = await apis[0].user('present');
    const first = await device(0, token);
    await first.next('client_presence', devices(1));
    const second = await device(1, token);
    await first.next('client_presence', devices(2));
    await second.next('client_presence', devices(2));
    second.socket.emit('web_client_status', { active: true });
    await first.next('client_presence', ({ hasWebPlayer }: Presence) => hasWebPlayer);
    second.close();
    expect(await first.next('client_presence', devices(1))).toEqual({
      connectedDevices: 1,
      hasWebPlayer: false,
    });
  });

  it('get the last state of the player when they connect', async () => {
    const { token } = await apis[0].user('watcher');
    const player = await device(0, token);
    const state = { dream_uuid: randomUUID(), timecode: '12.5', paused: 'false', name: '\u0000\ud800' };
    for (const timecode of ['1', '2', state.timecode]) await player.ask('state_sync', { ...state, timecode });
    await player.next('state_sync', ({ timecode }: { timecode: string }) => timecode === '12.5');
    const late = await device(1, token);
    expect(await late.next('state_sync')).toMatchObject({ timecode: '12.5', paused: 'false' });
  });

  it('receive texts for the user', async () => {
    const { token, client: http } = await apis[0].user('reader');
    const receiver = await device(1, token);
    await http.post('/api/websocket/test', { message: 'Hello' });
    expect(await receiver.next('notification')).toEqual({ message: 'Hello' });
  });

  it.each([
    ['an unknown event', 'format_disk', {}, /Unknown event format_disk/],
    [
      'an unknown control',
      'new_remote_control_event',
      { event: 'explode' },
      /new_remote_control_event is not valid/,
    ],
    ['an unknown field', 'new_remote_control_event', { event: 'next', __proto__x: 1 }, /__proto__x/],
    ['a seek without a position', 'new_remote_control_event', { event: 'seek' }, /required for seek/],
    [
      'a seek before the start',
      'new_remote_control_event',
      { event: 'seek', value: -1 },
      /value: must be from 0 to \d+ for seek/,
    ],
    [
      'a speed backwards',
      'new_remote_control_event',
      { event: 'speed', value: -1 },
      /value: must be from 0.01 to 100 for speed/,
    ],
    ['a control without data', 'new_remote_control_event', undefined, /not valid/],
    ['binary data', 'state_sync', { frame: Buffer.from('x') }, /not valid/],
    [
      'a state of many fields',
      'state_sync',
      Object.fromEntries(Array.from({ length: 40 }, (_, at) => [at, 1])),
      /32/,
    ],
    ['a job that is no id', 'join_job_room', 'all', /not valid/],
  ])('get an error for %s and stay connected', async (_, name, data, message) => {
    const { token } = await apis[0].user(`sender-${randomUUID()}`);
    const sender = await device(0, token);
    expect(await sender.ask(name, data)).toMatchObject({ ok: false, error: { code: 'BAD_MESSAGE' } });
    expect(await sender.next('error')).toMatchObject({
      event: name,
      message: expect.stringMatching(message),
    });
    expect(await sender.next('Validation error')).toMatchObject({ error: expect.stringMatching(message) });
    expect(await sender.ask('ping')).toEqual({ ok: true });
  });

  it('reach each other again after their connections to the database were cut', async () => {
    const { token } = await apis[0].user('resilient');
    const [phone, player] = [await device(0, token), await device(1, token)];
    await apis[0].persistence.database.sequelize.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'infernode-broadcast%' AND datname = current_database()",
    );
    let received = false;
    void player.next('new_remote_control_event').then(() => (received = true));
    while (!received) {
      expect(await phone.ask('new_remote_control_event', { event: 'next' })).toEqual({ ok: true });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // Twice, since the library loses a connection of a pool with each cut.
    await apis[0].persistence.database.sequelize.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'infernode-broadcast%' AND datname = current_database()",
    );
    received = false;
    void player
      .next('new_remote_control_event', ({ event }: { event: string }) => event === 'previous')
      .then(() => (received = true));
    while (!received) {
      await phone.ask('new_remote_control_event', { event: 'previous' });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  });
});

describe('jobs', () => {
  it('report their status to all devices, and their progress to those that joined', async () => {
    const { token, create } = await ownerWithJob('worker');
    const [phone, player] = [await device(0, token), await device(1, token)];
    const { credits } = await phone.next<Quota>('quota_update');
    const jobId = await create();
    await phone.next('quota_update', (quota: Quota) => quota.credits < credits);
    const { unitOfWork } = apis[0].persistence;
    expect(await player.ask('join_job_room', jobId)).toEqual({ ok: true });
    await player.next('job:progress', ({ status }: Progress) => status === 'PENDING');
    await appendStatus(unitOfWork, jobId, 'RUNNING');
    for (const receiver of [phone, player])
      await receiver.next('job:progress', ({ status }: Progress) => status === 'RUNNING');
    await appendProgress(unitOfWork, jobId, 40);
    expect(await player.next('job:progress', ({ progress }: Progress) => progress === 40)).toMatchObject({
      jobId,
      dream_uuid: jobId,
      status: 'RUNNING',
      countdown_ms: expect.any(Number),
      updated_at: expect.any(String),
    });
    await completeJob(unitOfWork, jobId, Buffer.from('zip'));
    for (const receiver of [phone, player])
      expect(
        await receiver.next('job:progress', ({ status }: Progress) => status === 'COMPLETED'),
      ).toMatchObject({ progress: 100, countdown_ms: null });
    const late = await device(0, token);
    await late.ask('join_dream_room', { jobId });
    expect(await late.next('job:progress')).toMatchObject({ jobId, status: 'COMPLETED', progress: 100 });
  });

  it('of others cannot be followed', async () => {
    const { create } = await ownerWithJob('proprietor');
    const curious = await device(0, (await apis[0].user('curious')).token);
    for (const jobId of [await create(), randomUUID()])
      expect(await curious.ask('join_job_room', jobId)).toEqual({
        ok: false,
        error: { code: 'NOT_FOUND', message: `Job ${jobId} does not exist.`, event: 'join_job_room' },
      });
    expect(curious.received()).not.toContain('job:progress');
  });
});

describe('hostile clients', () => {
  /** A connection below Socket.IO, after its handshake. */
  async function raw(token: string): Promise<{ socket: WebSocket; closed: Promise<unknown> }> {
    const socket = new WebSocket(`${apis[0].url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('message', resolve));
    const connected = new Promise((resolve) => socket.once('message', resolve));
    socket.send(`40/remote-control,${JSON.stringify({ token })}`);
    await connected;
    return { socket, closed };
  }

  const events = '42/remote-control,';
  it.each([
    ['garbage', ['\u0001\u0002']],
    ['an unknown packet', ['9']],
    ['an unknown Socket.IO packet', ['49']],
    ['a reserved event', [`${events}["disconnect"]`]],
    ['an event that is no list', [`${events}{}`]],
    ['broken JSON', [`${events}["a"`]],
    ['binary out of place', [Buffer.from([1, 2, 3])]],
    [
      'a binary event with text in place of its data',
      ['451-/remote-control,["x",{"_placeholder":true,"num":0}]', '42["a"]'],
    ],
    ['more attachments than allowed', ['45999999-/remote-control,["x"]']],
    ['a packet of an unknown namespace', ['42/other,["x"]']],
    ['a message above the limit', ['4'.repeat(20_000)]],
    ['a flood of events', Array<string>(400).fill(`${events}["ping"]`)],
    ['a flood of connects', Array<string>(400).fill('40/remote-control,{}')],
    ['a flood of unknown namespaces', Array<string>(400).fill('40/x,')],
    ['leaving the namespace', ['41/remote-control,']],
  ])('are disconnected for %s', async (_, messages) => {
    const { token } = await apis[0].user(`hostile-${randomUUID()}`);
    const { socket, closed } = await raw(token);
    for (const message of messages) socket.send(message);
    await closed;
    const polite = await device(0, token);
    expect(await polite.ask('ping')).toEqual({ ok: true });
  });

  it.each([
    ['an acknowledgement that nobody asked for', `43/remote-control,${'9'.repeat(400)}[1]`],
    ['an event with a huge acknowledgement id', `42/remote-control,${'9'.repeat(400)}["ping"]`],
    ['an event without a name', '42/remote-control,'],
    ['an event with a number as name', `${events}[5]`],
    ['a deeply nested argument', `${events}["state_sync",${'['.repeat(5000)}${']'.repeat(5000)}]`],
    ['an event called error', `${events}["error",{"a":1}]`],
  ])('survive %s, and so does the server', async (_, message) => {
    const { token } = await apis[0].user(`odd-${randomUUID()}`);
    const { socket } = await raw(token);
    socket.send(message);
    const answered = new Promise<void>((resolve) =>
      socket.on('message', (data) => String(data).startsWith('43/remote-control,7') && resolve()),
    );
    socket.send('42/remote-control,7["ping"]');
    await answered;
    socket.terminate();
  });

  it('a client that sends nothing is disconnected', async () => {
    const socket = new WebSocket(`${apis[0].url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    await new Promise((resolve) => socket.once('close', resolve));
  });

  it('odd requests of the transport are answered', async () => {
    const statusOf = async (query: string, init?: RequestInit) =>
      (await fetch(`${apis[0].url}/socket.io/${query}`, init)).status;
    expect(await statusOf('')).toBe(400);
    expect(await statusOf('?EIO=4&transport=polling&sid=unknown')).toBe(400);
    expect(await statusOf('?EIO=3&transport=polling')).toBe(400);
    expect(await statusOf('?EIO=4&transport=polling', { method: 'DELETE' })).toBe(400);
    expect(await statusOf('?EIO=4&transport=__proto__')).toBe(400);
    expect(await statusOf('?EIO=4&transport=polling', { method: 'POST', body: 'x'.repeat(20_000) })).toBe(
      400,
    );
  });
});
