import { randomUUID } from 'node:crypto';
import type { ClientOptions } from 'ws';
import { newServoSession } from '../../factories/new-servo-session.js';
import { addVideos } from '../../support/api-seeds.js';
import { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { RealtimeClient } from '../../support/realtime-client.js';
import { RemoteClient } from '../../support/remote-client.js';

type Bytes = { usedBytes: number; reservedBytes: number; limitBytes: number };
type Quota = { credits: number; storage: Bytes };

let apis: readonly [TestApi, TestApi];
const open: { close(): void }[] = [];

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
  const made = client(index, { auth: { token } });
  await made.next('connect');
  return made;
}

function socket(index: number, query = '', options: ClientOptions = {}): RealtimeClient {
  const made = new RealtimeClient(`${apis[index].url.replace('http', 'ws')}/ws${query}`, options);
  open.push({ close: () => made.terminate() });
  return made;
}

const ticketOf = async (owner: ApiClient) =>
  String((await owner.post('/api/websocket/tickets')).at('ticket'));

describe('a ticket', () => {
  it('opens one connection, on any process', async () => {
    const { client: http } = await apis[0].user('once');
    const ticket = await ticketOf(http);
    await client(1, { auth: { ticket } }).next('connect');
    await client(1, { auth: { token: await ticketOf(http) } }).next('connect');
    const again = await client(0, { auth: { ticket } }).next<Error & { data: object }>('connect_error');
    expect(again.data).toMatchObject({ code: 'INVALID_TICKET' });
  });

  it('lets a connection live as long as the credential that it was made with', async () => {
    const { client: http } = await apis[0].user('key-owner');
    const made = await http.post('/api/keys', { name: 'A key', scopes: ['jobs:read'] });
    const withKey = new ApiClient(apis[0].url, undefined, { 'x-api-key': String(made.at('secret')) });
    const byKey = client(1, { auth: { ticket: await ticketOf(withKey) } });
    await byKey.next('connect');
    await http.delete(`/api/keys/${String(made.at('apiKey.id'))}`);
    expect(await byKey.next<string>('disconnect')).toBe('io server disconnect');
  });

  it('has no more scopes than the key that it was made with', async () => {
    const { client: http } = await apis[0].user('narrow');
    const made = await http.post('/api/keys', { name: 'A key', scopes: ['datasets:read'] });
    const withKey = new ApiClient(apis[0].url, undefined, { 'x-api-key': String(made.at('secret')) });
    const refused = client(0, { auth: { ticket: await ticketOf(withKey) } });
    expect((await refused.next<Error>('connect_error')).message).toBe('SCOPE_MISSING');
  });

  it('opens the WebSocket of jobs by its URL or as message, but not beside another credential', async () => {
    const { client: http, token } = await apis[0].user('browser');
    await socket(1, `?ticket=${await ticketOf(http)}`).next('authenticated');
    const other = socket(0);
    other.send({ type: 'authenticate', ticket: await ticketOf(http) });
    await other.next('authenticated');
    const headers = { authorization: `Bearer ${token}` };
    const both = socket(1, `?ticket=${await ticketOf(http)}`, { headers });
    expect(await both.next('error')).toMatchObject({ code: 'CREDENTIALS_AMBIGUOUS' });
  });

  it('is no credential of a request', async () => {
    const { client: http } = await apis[0].user('requester');
    const withTicket = new ApiClient(apis[0].url, await ticketOf(http));
    expect((await withTicket.get('/api/user/credits')).at('code')).toBe('INVALID_TOKEN');
  });
});

describe('the devices of an account', () => {
  it('share one limit of events', async () => {
    const { token } = await apis[0].user('busy');
    const phones = await Promise.all(Array.from({ length: 5 }, () => device(0, token)));
    const answers = await Promise.all(
      phones.flatMap((phone) =>
        Array.from({ length: 40 }, () => phone.ask('new_remote_control_event', { event: 'next' })),
      ),
    );
    const refused = answers.filter((answer) => !(answer as { ok: boolean }).ok);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({
      error: { code: 'RATE_LIMITED', message: expect.stringMatching(/devices of an account/) },
    });
    const other = await device(0, (await apis[0].user('calm')).token);
    expect(await other.ask('new_remote_control_event', { event: 'next' })).toEqual({ ok: true });
  });

  it('learn of every change of the quota', async () => {
    const { token, client: http, user } = await apis[0].user('saver');
    const phone = await device(1, token);
    await phone.next('quota_update');
    const admin = (await apis[0].user('treasurer', 'admin')).client;
    await admin.post('/api/admin/recharge', { email: user.email, credits: 7 });
    await phone.next('quota_update', ({ credits }: Quota) => credits === 107);
    await admin.put(`/api/admin/users/${user.id}/limits`, { storageBytes: 4096 });
    await phone.next('quota_update', ({ storage }: Quota) => storage.limitBytes === 4096);
    const datasetId = String((await http.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
    await addVideos(apis[0].persistence.unitOfWork, { datasetId, userId: user.id }, 1);
    await phone.next('quota_update', ({ storage }: Quota) => storage.usedBytes > 0);
    await http.delete(`/api/dataset/${datasetId}`);
    await phone.next('quota_update', ({ storage }: Quota) => storage.usedBytes === 0);
  });

  it('learn of the bytes that uploads in progress reserve', async () => {
    const { token, user } = await apis[0].user('uploader');
    const phone = await device(1, token);
    const { quotas } = apis[0].persistence.unitOfWork.read;
    const id = randomUUID();
    await quotas.reserve({ id, userId: user.id, bytes: 4096 });
    await phone.next('quota_update', ({ storage }: Quota) => storage.reservedBytes === 4096);
    await quotas.release(id);
    await phone.next('quota_update', ({ storage }: Quota) => storage.reservedBytes === 0);
  });

  it('learn of the bytes that recordings of live sessions take', async () => {
    const { token, user } = await apis[0].user('recorder');
    const phone = await device(1, token);
    const { sequelize } = apis[0].persistence.database;
    const { servoSessions } = apis[0].persistence.unitOfWork.read;
    await servoSessions.create(newServoSession(user.id, { record: true, recordingBytes: 8192 }));
    await phone.next('quota_update', ({ storage }: Quota) => storage.usedBytes === 8192);
    await sequelize.query(`UPDATE servo_sessions SET recording_bytes = 100 WHERE user_id = '${user.id}'`);
    await phone.next('quota_update', ({ storage }: Quota) => storage.usedBytes === 100);
    await sequelize.query(`DELETE FROM servo_sessions WHERE user_id = '${user.id}'`);
    await phone.next('quota_update', ({ storage }: Quota) => storage.usedBytes === 0);
  });
});
