import { startTestApi, type TestApi } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { badInputs } from './bad-input-cases.js';

describe('bad input', () => {
  let api: TestApi;
  let user: ApiClient;
  let admin: ApiClient;

  beforeAll(async () => {
    api = await startTestApi();
    user = (await api.user('user')).client;
    admin = (await api.user('admin', 'admin')).client;
  });
  afterAll(() => api.close());

  it.each(badInputs)('%s', async (...input) => {
    const [, method, path, body, status, code, pointers] = input;
    const client = path.startsWith('/api/admin') ? admin : user;
    const init =
      body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await client.call(method, path, init);
    expect([answer.status, answer.at('code')]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.json).toMatchObject({
      success: false,
      status,
      requestId: answer.headers.get('x-request-id'),
    });
    expect(answer.at('message')).toBe(answer.at('detail'));
    const named = new Set((answer.at('errors') as { pointer: string }[]).map(({ pointer }) => pointer));
    if (pointers) expect(named).toEqual(new Set(pointers));
  });
});
