import pg from 'pg';
import { generateSecret } from '../../../src/services/secret-text.js';
import { ApiClient, type ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { RealtimeClient } from '../../support/realtime-client.js';

const PASSWORD = 'correct horse';

describe('sessions of people', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startTestApi();
  });
  afterAll(() => api.close());

  const outcome = ({ status, at }: ApiResponse) => [status, at('code')];
  const profile = (token: unknown) =>
    new ApiClient(api.url, String(token)).get('/api/users/profile').then(({ status }) => status);
  const refresh = (refreshToken: unknown) => api.anonymous.post('/api/auth/refresh', { refreshToken });

  /** Signs in, as a client named `agent`. */
  async function signIn(name: string, agent = 'test client', password = PASSWORD) {
    const body = { email: `${name}@example.com`, password };
    const answer = await api.anonymous.post('/api/auth/login', body, { 'user-agent': agent });
    expect(answer.status).toBe(200);
    const token = String(answer.at('token'));
    return { token, refreshToken: answer.at('refreshToken'), client: new ApiClient(api.url, token) };
  }

  it('are continued by refresh tokens, each of which works once', async () => {
    await api.user('refresher');
    const first = await signIn('refresher');
    const second = await refresh(first.refreshToken);
    expect(second.at('tokenType')).toBe('Bearer');
    expect(second.at('refreshToken')).not.toBe(first.refreshToken);
    // The access token from before goes on.
    expect([await profile(first.token), await profile(second.at('token'))]).toEqual([200, 200]);
    const third = await refresh(second.at('refreshToken'));
    expect(third.status).toBe(200);

    expect(outcome(await refresh(first.refreshToken))).toEqual([401, 'REFRESH_TOKEN_REUSED']);
    // The copy may be anybody's, so that nothing of the session works any more.
    expect(outcome(await refresh(third.at('refreshToken')))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    expect([await profile(first.token), await profile(third.at('token'))]).toEqual([401, 401]);
    const other = await signIn('refresher');
    expect(await profile(other.token)).toBe(200);
  });

  it('are read with their user in one statement per request', async () => {
    await api.user('thrifty');
    const { client } = await signIn('thrifty');
    const query = jest.spyOn(pg.Client.prototype, 'query');
    /** Names of the prepared statements of a request; the first one of its kind may open a connection. */
    const statementsOf = async (send: () => Promise<ApiResponse>) => {
      await send();
      query.mockClear();
      expect((await send()).status).toBeLessThan(300);
      return query.mock.calls.map(([sent]: readonly unknown[]) => sent);
    };
    try {
      expect(await statementsOf(() => client.get('/api/user/credits'))).toEqual([
        expect.objectContaining({ name: 'users-by-sessions' }),
        expect.objectContaining({ name: 'users-by-ids' }),
      ]);
      let datasets = 0;
      const create = () => client.post('/api/dataset', { name: `dataset ${String((datasets += 1))}` });
      expect(await statementsOf(create)).toEqual([
        expect.objectContaining({ name: 'users-by-sessions' }),
        expect.objectContaining({ name: 'insert-dataset' }),
      ]);
    } finally {
      query.mockRestore();
    }
  });

  it('are not ended by whoever knows no more than their id', async () => {
    await api.user('known');
    const { token, refreshToken } = await signIn('known');
    const [, id] = /^infr_([^_]+)_/.exec(String(refreshToken)) ?? [];
    const forged = generateSecret('infr_', id);
    expect(outcome(await refresh(forged))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    expect(await profile(token)).toBe(200);
    // Those of the session are told apart, however old they are.
    const second = await refresh(refreshToken);
    expect(outcome(await refresh(generateSecret('infr_', id)))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    await refresh(second.at('refreshToken'));
    expect(outcome(await refresh(refreshToken))).toEqual([401, 'REFRESH_TOKEN_REUSED']);
    expect(await profile(token)).toBe(401);
  });

  it('give a refresh token that is sent twice at the same time to one of both at most', async () => {
    await api.user('hasty');
    const { refreshToken } = await signIn('hasty');
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  });

  it('are listed with their clients, and end one by one or all others at once', async () => {
    await api.user('traveller');
    const [phone, desk, tablet] = [
      await signIn('traveller', 'phone'),
      await signIn('traveller', 'desk'),
      await signIn('traveller', 'tablet'),
    ];
    const list = async () =>
      (await desk.client.get('/api/auth/sessions')).at('data') as {
        id: string;
        userAgent: string;
        current: boolean;
      }[];
    const all = await list();
    expect(all.map(({ userAgent, current }) => [userAgent, current])).toEqual([
      ['tablet', false],
      ['desk', true],
      ['phone', false],
    ]);
    const stranger = await api.user('stranger');
    const { client: other } = await signIn('stranger');
    expect(outcome(await other.delete(`/api/auth/sessions/${all[0].id}`))).toEqual([404, 'NOT_FOUND']);
    expect(stranger.user.id).not.toBe('');

    const socket = new RealtimeClient(`${api.url.replace('http', 'ws')}/ws`, {
      headers: { authorization: `Bearer ${tablet.token}` },
    });
    await socket.next('authenticated');
    expect((await desk.client.delete(`/api/auth/sessions/${all[0].id}`)).status).toBe(204);
    expect(await socket.closed()).toBe(4401);
    expect([await profile(tablet.token), await profile(phone.token)]).toEqual([401, 200]);
    expect((await desk.client.delete('/api/auth/sessions')).json).toEqual({ ended: 1 });
    expect([await profile(phone.token), await profile(desk.token)]).toEqual([401, 200]);
    expect(await list()).toHaveLength(1);
  });

  it('end with the sign-out; a token without a session says that it has none', async () => {
    const { client: sessionless } = await api.user('leaver');
    const { token, refreshToken, client } = await signIn('leaver');
    expect((await client.post('/api/auth/logout')).status).toBe(204);
    expect(await profile(token)).toBe(401);
    expect(outcome(await refresh(refreshToken))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    // As tokens of earlier versions, which stay valid for their lifetime.
    expect((await sessionless.get('/api/users/profile')).status).toBe(200);
    expect(outcome(await sessionless.post('/api/auth/logout'))).toEqual([409, 'SESSION_UNKNOWN']);
  });

  it('end with a new password, except for the client that changes it', async () => {
    await api.user('changer');
    const [other, own] = [await signIn('changer'), await signIn('changer')];
    const change = (currentPassword: string, newPassword: string) =>
      own.client.post('/api/auth/password', { currentPassword, newPassword });
    expect(outcome(await change('wrong horse', 'a new password'))).toEqual([401, 'INVALID_CREDENTIALS']);
    expect(outcome(await change(PASSWORD, 'short'))).toEqual([400, 'PASSWORD_TOO_SHORT']);
    expect(outcome(await change(PASSWORD, PASSWORD))).toEqual([400, 'VALIDATION']);
    expect([await profile(other.token), await profile(own.token)]).toEqual([200, 200]);

    const changed = await change(PASSWORD, 'a new password');
    expect(changed.status).toBe(200);
    expect(await profile(changed.at('token'))).toBe(200);
    expect([await profile(other.token), await profile(own.token)]).toEqual([401, 401]);
    expect(outcome(await refresh(other.refreshToken))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    expect((await refresh(changed.at('refreshToken'))).status).toBe(200);
    await signIn('changer', 'test client', 'a new password');
  });

  it('survive a profile update with the same password, not one with a new one', async () => {
    const { user } = await api.user('profiled');
    const { client, token, refreshToken } = await signIn('profiled');
    const same = { name: 'Ada', surname: 'Lovelace', password: PASSWORD };
    expect((await client.put(`/api/users/${user.id}`, same)).status).toBe(200);
    expect(await profile(token)).toBe(200);
    expect((await client.put(`/api/users/${user.id}`, { password: 'a new password' })).status).toBe(200);
    expect(await profile(token)).toBe(401);
    expect(outcome(await refresh(refreshToken))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
  });

  it('end while the account is disabled, and do not come back', async () => {
    const { user } = await api.user('disabled');
    const { token, refreshToken } = await signIn('disabled');
    const set = (disabled: boolean) =>
      api.persistence.unitOfWork.run(({ users }) => users.setDisabled(user.id, disabled));
    await set(true);
    expect(await profile(token)).toBe(401);
    expect(outcome(await refresh(refreshToken))).toEqual([401, 'INVALID_REFRESH_TOKEN']);
    await set(false);
    expect(await profile(token)).toBe(401);
  });

  it('guesses of refresh tokens use up the attempts of the address, but a right one is exchanged', async () => {
    const strict = await startTestApi({ settings: { LOGIN_ATTEMPTS_PER_15_MINUTES: '1' } });
    try {
      const newcomer = { email: 'newcomer@example.com', password: 'correct horse' };
      await strict.anonymous.post('/api/auth/register', newcomer);
      const refreshToken = (await strict.anonymous.post('/api/auth/login', newcomer)).at('refreshToken');
      const guess = async () =>
        (await strict.anonymous.post('/api/auth/refresh', { refreshToken: 'infr_guess' })).status;
      const statuses: number[] = [];
      for (let index = 0; index < 11; index += 1) statuses.push(await guess());
      expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
      expect((await strict.anonymous.post('/api/auth/refresh', { refreshToken })).status).toBe(200);
    } finally {
      await strict.close();
    }
  });
});
