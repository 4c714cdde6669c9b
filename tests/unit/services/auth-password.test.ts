import { AppError } from '../../../src/errors/app-error.js';
import { AdmissionQueue } from '../../../src/services/admission-queue.js';
import { PasswordHasher, requireUsablePassword } from '../../../src/services/auth-password.js';

describe('passwords', () => {
  const hasher = new PasswordHasher(4);

  it.each([
    ['seven bytes', '1234567', 'PASSWORD_TOO_SHORT'],
    ['73 bytes', 'a'.repeat(73), 'PASSWORD_TOO_LONG'],
    ['19 emoji, which are 76 bytes', '🎬'.repeat(19), 'PASSWORD_TOO_LONG'],
    ['a NUL', 'abcd\0efgh', 'VALIDATION'],
  ])('%s are refused', (_name, password, code) => {
    expect(() => requireUsablePassword(password)).toThrow(
      expect.objectContaining({ code, kind: 'malformed' }),
    );
  });

  it.each([
    ['8 bytes', '12345678'],
    ['72 bytes', 'a'.repeat(72)],
    ['18 emoji', '🎬'.repeat(18)],
  ])('%s are accepted', (_name, password) => expect(() => requireUsablePassword(password)).not.toThrow());

  it('a password of which only the first 72 bytes are right does not match', async () => {
    const right = 'a'.repeat(72);
    const hash = await hasher.hash(right);
    expect(await hasher.matches(right, hash)).toBe(true);
    expect(await hasher.matches(`${right}tail`, hash)).toBe(false);
  });

  it('a queue that is full refuses, and only its own kind of work', async () => {
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

  it('keys take turns: a quiet one does not wait behind the backlog of a busy one', async () => {
    const queue = new AdmissionQueue(limits, refusal);
    const order: string[] = [];
    const enter = (name: string) => queue.run(name[0], async () => void order.push(name));
    await Promise.all(['a0', 'a1', 'a2', 'a3', 'b1'].map(enter));
    expect(order).toEqual(['a0', 'b1', 'a1', 'a2', 'a3']);
  });

  it('the key whose last turn is longest ago is next', async () => {
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

  it('one key cannot fill the queue, and failed work makes room', async () => {
    const queue = new AdmissionQueue(limits, refusal);
    const failing = () => Promise.reject(new Error('failed'));
    const runs = Array.from({ length: 4 }, () => queue.run('a', failing));
    await expect(queue.run('a', failing)).rejects.toMatchObject({ code: 'BUSY' });
    const other = queue.run('b', () => Promise.resolve('served'));
    await Promise.all(runs.map((run) => expect(run).rejects.toThrow('failed')));
    expect(await other).toBe('served');
    expect(await queue.run('a', () => Promise.resolve('served'))).toBe('served');
  });

  it('who has waited too long is refused and leaves no gap', async () => {
    const queue = new AdmissionQueue({ ...limits, maxWaitMs: 1 }, refusal);
    const gate: { open?: () => void } = {};
    const first = queue.run('a', () => new Promise<void>((resolve) => (gate.open = resolve)));
    await expect(queue.run('a', () => Promise.resolve())).rejects.toMatchObject({ code: 'BUSY' });
    gate.open?.();
    await first;
    expect(await queue.run('a', () => Promise.resolve('served'))).toBe('served');
  });
});
