import { SharedLoginAttempts } from '../../../src/services/auth-login-attempts.js';
import { InMemoryRateCountRepository } from '../../fakes/in-memory-rate-count.repository.js';

const MINUTES_15 = 15 * 60 * 1000;
const tooMany = expect.objectContaining({ code: 'TOO_MANY_ATTEMPTS', kind: 'rate_limited' });
const me = 'me@example.com';
let clock = 0;
let store: InMemoryRateCountRepository;

beforeEach(() => {
  clock = 1_000_000;
  store = new InMemoryRateCountRepository(() => clock);
});

/** The counters of one process. */
const attempts = () => new SharedLoginAttempts(3, store, { now: () => clock });

async function fail(counters: SharedLoginAttempts, times: number, email: string, address = 'a') {
  for (let index = 0; index < times; index += 1) await (await counters.begin(email, address)).wrong();
}

async function succeed(counters: SharedLoginAttempts, email: string, address: string) {
  await (await counters.begin(email, address)).right();
}

describe('login attempts', () => {
  it('after three wrong passwords the account is closed to this address for 15 minutes', async () => {
    const counters = attempts();
    await fail(counters, 3, me);
    await expect(counters.requireRoom(me, 'a')).rejects.toEqual(
      expect.objectContaining({ code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: 900 }),
    );
    await (await counters.begin('you@example.com', 'a')).right();
    clock += MINUTES_15;
    await counters.requireRoom(me, 'a');
  });

  it('the 15 minutes begin with the first wrong password, not with the first look', async () => {
    const counters = attempts();
    await counters.requireRoom(me, 'a');
    clock += MINUTES_15 - 1;
    await fail(counters, 3, me);
    clock += 60_000;
    await expect(counters.requireRoom(me, 'a')).rejects.toEqual(tooMany);
  });

  it('checks that failed on our side do not count, however many', async () => {
    const counters = attempts();
    for (let index = 0; index < 100; index += 1) (await counters.begin(me, 'a')).unknown();
    await counters.requireRoom(me, 'a');
  });

  it('checks at the same time do not pass the limit together', async () => {
    const counters = attempts();
    const begun = await Promise.allSettled([1, 2, 3, 4].map(() => counters.begin(me, 'a')));
    const running = begun.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(running).toHaveLength(3);
    await Promise.all(running.map((attempt) => attempt.right()));
    await (await counters.begin(me, 'a')).right();
  });

  it('an address that tries many accounts is stopped after ten times as many', async () => {
    const counters = attempts();
    for (let index = 0; index < 30; index += 1) await fail(counters, 1, `user${index}@example.com`);
    await expect(counters.requireRoom('user30@example.com', 'a')).rejects.toEqual(tooMany);
    await counters.requireRoom('user30@example.com', 'b');
  });

  it('an address that is full of wrong passwords stays open to who has signed in there before', async () => {
    const counters = attempts();
    await succeed(counters, me, 'a');
    for (let index = 0; index < 30; index += 1) await fail(counters, 1, `user${index}@example.com`);
    await expect(counters.begin('you@example.com', 'a')).rejects.toEqual(tooMany);
    await counters.requireRoom(me, 'a');
    await succeed(counters, me, 'a');
    await fail(counters, 3, me);
    await expect(counters.begin(me, 'a')).rejects.toEqual(tooMany);
  });

  it('guessing from many addresses is stopped, but not where the owner has signed in before', async () => {
    const counters = attempts();
    await succeed(counters, me, 'home');
    for (let index = 0; index < 30; index += 1) await fail(counters, 1, me, `address ${index}`);
    await expect(counters.requireRoom(me, 'elsewhere')).rejects.toEqual(tooMany);
    await succeed(counters, me, 'home');
  });

  it('addresses of one IPv6 network count as one', async () => {
    const counters = attempts();
    for (let index = 1; index <= 3; index += 1) await fail(counters, 1, me, `2001:db8::${index}`);
    await expect(counters.requireRoom(me, '2001:db8::ffff')).rejects.toEqual(tooMany);
  });

  it('a right password forgets the wrong ones of this address', async () => {
    const counters = attempts();
    await fail(counters, 2, me);
    await succeed(counters, me, 'a');
    await fail(counters, 2, me);
    await succeed(counters, me, 'a');
  });
});

describe('login attempts of two processes', () => {
  it('wrong passwords add up, and a right one clears them for both', async () => {
    const [one, other] = [attempts(), attempts()];
    await fail(one, 2, me);
    await succeed(other, me, 'a');
    await fail(one, 1, me);
    await fail(other, 2, me);
    for (const counters of [one, other]) await expect(counters.begin(me, 'a')).rejects.toEqual(tooMany);
    await expect(one.requireRoom(me, 'a')).rejects.toEqual(tooMany);
  });

  it('who has signed in at one is known to the other', async () => {
    const [one, other] = [attempts(), attempts()];
    await succeed(one, me, 'home');
    for (let index = 0; index < 30; index += 1) await fail(other, 1, me, `address ${index}`);
    await expect(other.requireRoom(me, 'elsewhere')).rejects.toEqual(tooMany);
    await other.requireRoom(me, 'home');
    await succeed(other, me, 'home');
  });
});
