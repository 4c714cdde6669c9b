import { Client } from 'pg';
import { startTestApi, type TestApi } from '../../support/api.js';

const LIMIT = 6;
const settings = { RATE_LIMIT_PER_MINUTE: String(LIMIT), LOGIN_ATTEMPTS_PER_15_MINUTES: '3' };
let apis: readonly [TestApi, TestApi];

async function start(countMaxWaitMs?: number): Promise<void> {
  const first = await startTestApi({ settings, countMaxWaitMs });
  const { database } = first.persistence;
  apis = [first, await startTestApi({ settings, countMaxWaitMs, database })];
}

afterEach(async () => {
  await apis[1].close();
  await apis[0].close();
});

/** Needs no database, and is counted. */
const ask = async (index: number) => apis[index % 2].anonymous.get('/.well-known/jwks.json');
const statusesOf = async (count: number) => {
  const statuses: number[] = [];
  for (let index = 0; index < count; index += 1) statuses.push((await ask(index)).status);
  return statuses;
};
const upTo = (count: number) => [
  ...Array<number>(LIMIT).fill(200),
  ...Array<number>(count - LIMIT).fill(429),
];

describe('two api processes on one database', () => {
  // Long enough for the busiest machine.
  beforeEach(() => start(60_000));

  it('allow an address as many requests as one does, one after another', async () => {
    expect(await statusesOf(10)).toEqual(upTo(10));
    const refused = await ask(1);
    expect(refused.headers.get('ratelimit')).toMatch(/r=0/);
    expect(refused.headers.get('ratelimit-policy')).toMatch(/q=6/);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('and at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(index)));
    expect(answers.map(({ status }) => status).sort()).toEqual(upTo(20));
  });

  it('write nothing for requests beyond the limit', async () => {
    await statusesOf(30);
    const [rows] = await apis[0].persistence.database.sequelize.query('SELECT points FROM rate_counts');
    // At most one request beyond the limit was counted by each.
    expect(rows).toEqual([{ points: expect.any(Number) }]);
    expect((rows[0] as { points: number }).points).toBeLessThanOrEqual(LIMIT + 2);
  });

  it('count wrong passwords together', async () => {
    const email = 'ada@example.com';
    await apis[0].anonymous.post('/api/auth/register', { email, password: 'correct horse' });
    const signIn = async (index: number, password: string) => {
      const answer = await apis[index % 2].anonymous.post('/api/auth/login', { email, password });
      return answer.at('code') ?? answer.status;
    };
    expect([await signIn(0, 'wrong horse'), await signIn(1, 'wrong horse')]).toEqual(
      Array(2).fill('INVALID_CREDENTIALS'),
    );
    expect(await signIn(1, 'wrong horse')).toBe('INVALID_CREDENTIALS');
    expect(await signIn(0, 'correct horse')).toBe('TOO_MANY_ATTEMPTS');
  });
});

describe('two api processes whose database cannot count', () => {
  beforeEach(() => start());

  it('answer while the counts are locked, each by its own count', async () => {
    const client = new Client(apis[0].persistence.database.url);
    await client.connect();
    try {
      await client.query('BEGIN; LOCK TABLE rate_counts');
      expect(await statusesOf(16)).toEqual([...Array<number>(2 * LIMIT).fill(200), 429, 429, 429, 429]);
    } finally {
      await client.end();
    }
  });

  it('answer without the table, each by its own count', async () => {
    await apis[0].persistence.database.sequelize.query('DROP TABLE rate_counts');
    expect(await statusesOf(16)).toEqual([...Array<number>(2 * LIMIT).fill(200), 429, 429, 429, 429]);
  });
});
