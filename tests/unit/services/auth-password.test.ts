import { AppError } from '../../../src/errors/app-error.js';
import { AdmissionQueue } from '../../../src/services/admission-queue.js';
import { InMemoryLoginAttempts } from '../../../src/services/auth-login-attempts.js';
import { PasswordHasher, requireUsablePassword } from '../../../src/services/auth-password.js';

describe('passwords', () => {
  const hasher = new PasswordHasher(4);

  test.each([
    ['seven bytes', '1234567', 'PASSWORD_TOO_SHORT'],
    ['73 bytes', 'a'.repeat(73), 'PASSWORD_TOO_LONG'],
    ['19 emoji, which are 76 bytes', '🎬'.repeat(19), 'PASSWORD_TOO_LONG'],
    ['a NUL', 'abcd\0efgh', 'VALIDATION'],
  ])('%s are refused', (_name, password, code) => {
    expect(() => requireUsablePassword(password)).toThrow(
      expect.objectContaining({ code, kind: 'malformed' }),
    );
  });

  test.each([
    ['8 bytes', '12345678'],
    ['72 bytes', 'a'.repeat(72)],
    ['18 emoji', '🎬'.repeat(18)],
  ])('%s are accepted', (_name, password) => expect(() => requireUsablePassword(password)).not.toThrow());

  test('a password of which only the first 72 bytes are right does not match', async () => {
    const right = 'a'.repeat(72);
    const hash = await hasher.hash(right);
    expect(await hasher.matches(right, hash)).toBe(true);
    expect(await hasher.matches(`${right}tail`, hash)).toBe(false);
  });

  test('a queue that is full refuses, and only its own kind of work', async () => {
    const limits = { running: 1, waiting: 2, waitingPerKey: 2, maxWaitMs: 60_000 };
    const narrow = new PasswordHasher(4, { checking: limits, hashing: limits });
    const hash = await narrow.hash('correct horse');
    const registrations = Array.from({ length: 3 }, () => narrow.hash('correct horse', 'a'));
    await expect(narrow.hash('correct horse', 'b')).rejects.toMatchObject({
      code: 'BUSY',
      kind: 'unavailable',
    });
    expect(await narrow.matches('correct horse', hash)).toBe(true);
    expect(await Promise.all(registrations)).toHaveLength(3);
    expect(await narrow.hash('correct horse', 'b')).toMatch(/^\$2b\$04\$/);
  });
});

describe('admission', () => {
  const refusal = () => new AppError('BUSY', { message: 'busy' });
  const limits = { running: 1, waiting: 10, waitingPerKey: 3, maxWaitMs: 60_000 };

  test('keys take turns: a quiet one does not wait behind the backlog of a busy one', async () => {
    const queue = new AdmissionQueue(limits, refusal);
    const order: string[] = [];
    const enter = (name: string) => queue.run(name[0], async () => void order.push(name));
    await Promise.all(['a0', 'a1', 'a2', 'a3', 'b1'].map(enter));
    expect(order).toEqual(['a0', 'b1', 'a1', 'a2', 'a3']);
  });

  test('the key whose last turn is longest ago is next', async () => {
    const queue = new AdmissionQueue(limits, refusal);
    const order: string[] = [];
    const enter = (name: string): Promise<void> =>
      queue.run(name[0], async () => {
        order.push(name);
        // The key that has just been served comes back before any other does.
        if (name === 'a0') later.push(enter('a3'));
        if (name === 'b1') later.push(enter('b2'), enter('c1'));
        await Promise.resolve();
      });
    const later: Promise<void>[] = [];
    await Promise.all(['a0', 'a1', 'a2', 'b1'].map(enter));
    await Promise.all(later);
    expect(order).toEqual(['a0', 'b1', 'c1', 'a3', 'b2', 'a1', 'a2']);
  });

  test('one key cannot fill the queue, and failed work makes room', async () => {
    const queue = new AdmissionQueue(limits, refusal);
    const failing = () => Promise.reject(new Error('failed'));
    const runs = Array.from({ length: 4 }, () => queue.run('a', failing));
    await expect(queue.run('a', failing)).rejects.toMatchObject({ code: 'BUSY' });
    const other = queue.run('b', () => Promise.resolve('served'));
    await Promise.all(runs.map((run) => expect(run).rejects.toThrow('failed')));
    expect(await other).toBe('served');
    expect(await queue.run('a', () => Promise.resolve('served'))).toBe('served');
  });

  test('who has waited too long is refused and leaves no gap', async () => {
    const queue = new AdmissionQueue({ ...limits, maxWaitMs: 1 }, refusal);
    const gate: { open?: () => void } = {};
    const first = queue.run('a', () => new Promise<void>((resolve) => (gate.open = resolve)));
    await expect(queue.run('a', () => Promise.resolve())).rejects.toMatchObject({ code: 'BUSY' });
    gate.open?.();
    await first;
    expect(await queue.run('a', () => Promise.resolve('served'))).toBe('served');
  });
});

describe('login attempts', () => {
  const MINUTES_15 = 15 * 60 * 1000;
  let clock = 0;
  const attempts = () => new InMemoryLoginAttempts(3, () => clock);
  const tooMany = expect.objectContaining({ code: 'TOO_MANY_ATTEMPTS', kind: 'rate_limited' });
  const me = 'me@example.com';
  beforeEach(() => (clock = 1_000_000));
  const fail = (counters: InMemoryLoginAttempts, times: number, email: string, address = 'a') => {
    for (let index = 0; index < times; index += 1) counters.begin(email, address).wrong();
  };

  test('after three wrong passwords the account is closed to this address for 15 minutes', () => {
    const counters = attempts();
    fail(counters, 3, me);
    const refused = () => counters.requireRoom(me, 'a');
    expect(refused).toThrow(expect.objectContaining({ code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: 900 }));
    expect(() => counters.begin('you@example.com', 'a')).not.toThrow();
    clock += MINUTES_15;
    expect(refused).not.toThrow();
  });

  test('checks that failed on our side do not count, however many', () => {
    const counters = attempts();
    for (let index = 0; index < 100; index += 1) counters.begin(me, 'a').unknown();
    expect(() => counters.requireRoom(me, 'a')).not.toThrow();
  });

  test('checks at the same time do not pass the limit together', () => {
    const counters = attempts();
    const running = [1, 2, 3].map(() => counters.begin(me, 'a'));
    expect(() => counters.begin(me, 'a')).toThrow(tooMany);
    running.forEach((attempt) => attempt.right());
    expect(() => counters.begin(me, 'a')).not.toThrow();
  });

  test('an address that tries many accounts is stopped after ten times as many', () => {
    const counters = attempts();
    for (let index = 0; index < 30; index += 1) fail(counters, 1, `user${index}@example.com`);
    expect(() => counters.requireRoom('user30@example.com', 'a')).toThrow(tooMany);
    expect(() => counters.requireRoom('user30@example.com', 'b')).not.toThrow();
  });

  test('an address that is full of wrong passwords stays open to who has signed in there before', () => {
    const counters = attempts();
    counters.begin(me, 'a').right();
    for (let index = 0; index < 30; index += 1) fail(counters, 1, `user${index}@example.com`);
    expect(() => counters.begin('you@example.com', 'a')).toThrow(tooMany);
    expect(() => counters.begin(me, 'a').right()).not.toThrow();
    fail(counters, 3, me);
    expect(() => counters.begin(me, 'a')).toThrow(tooMany);
  });

  test('guessing from many addresses is stopped, but not where the owner has signed in before', () => {
    const counters = attempts();
    counters.begin(me, 'home').right();
    for (let index = 0; index < 30; index += 1) fail(counters, 1, me, `address ${index}`);
    expect(() => counters.requireRoom(me, 'elsewhere')).toThrow(tooMany);
    expect(() => counters.begin(me, 'home').right()).not.toThrow();
  });

  test('addresses of one IPv6 network count as one', () => {
    const counters = attempts();
    for (let index = 1; index <= 3; index += 1) fail(counters, 1, me, `2001:db8::${index}`);
    expect(() => counters.requireRoom(me, '2001:db8::ffff')).toThrow(tooMany);
  });

  test('a right password forgets the wrong ones of this address', () => {
    const counters = attempts();
    fail(counters, 2, me);
    counters.begin(me, 'a').right();
    fail(counters, 2, me);
    expect(() => counters.begin(me, 'a').right()).not.toThrow();
  });
});
