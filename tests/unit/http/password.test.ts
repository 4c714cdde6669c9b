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

  test('22 checks are taken, the 23rd is told to come back', async () => {
    const hash = await hasher.hash('correct horse');
    const checks = Array.from({ length: 22 }, () => hasher.matches('correct horse', hash));
    await expect(hasher.matches('correct horse', hash)).rejects.toMatchObject({
      code: 'BUSY',
      kind: 'unavailable',
    });
    expect(await Promise.all(checks)).toEqual(Array<boolean>(22).fill(true));
    expect(await hasher.matches('correct horse', hash)).toBe(true);
  });
});

describe('login attempts', () => {
  let clock = 0;
  const attempts = () => new InMemoryLoginAttempts(3, () => clock);
  const tooMany = { code: 'TOO_MANY_ATTEMPTS', kind: 'rate_limited' };
  beforeEach(() => (clock = 1_000_000));

  test('the fourth within 15 minutes is refused for the account, from any address', async () => {
    const counters = attempts();
    for (const address of ['a', 'b', 'c']) await counters.begin('me@example.com', address);
    await expect(counters.begin('me@example.com', 'd')).rejects.toMatchObject({
      ...tooMany,
      retryAfterSeconds: 900,
    });
    await counters.begin('you@example.com', 'd');
    clock += 15 * 60 * 1000;
    await expect(counters.begin('me@example.com', 'd')).resolves.toBeUndefined();
  });

  test('an address that tries many accounts is stopped after ten times as many', async () => {
    const counters = attempts();
    for (let index = 0; index < 30; index += 1) await counters.begin(`user${index}@example.com`, 'a');
    await expect(counters.begin('user30@example.com', 'a')).rejects.toMatchObject(tooMany);
    await expect(counters.begin('user30@example.com', 'b')).resolves.toBeUndefined();
  });

  test('signing in forgets the attempts of the account', async () => {
    const counters = attempts();
    for (let index = 0; index < 3; index += 1) await counters.begin('me@example.com', 'a');
    await counters.succeeded('me@example.com');
    await expect(counters.begin('me@example.com', 'a')).resolves.toBeUndefined();
  });
});
