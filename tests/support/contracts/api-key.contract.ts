import { v7 as uuid } from 'uuid';
import type { NewApiKey } from '../../../src/domain/api-key.js';
import { openAccount, useHarness, type OpenPersistence } from './harness.js';

const newKey = (userId: string, overrides: Partial<NewApiKey> = {}): NewApiKey => ({
  id: uuid(),
  userId,
  name: 'Line 3',
  scopes: ['jobs:read', 'servo'],
  sha256: Buffer.alloc(32, 1),
  expiresAt: new Date('2030-01-01T00:00:00.000Z'),
  ipRanges: ['192.0.2.0/24', '2001:db8::/32'],
  rateLimitPerMinute: 7,
  ...overrides,
});

/** What every {@link ApiKeyRepository} keeps to. */
export function describeApiKeyRepository(open: OpenPersistence): void {
  describe('API keys', () => {
    const harness = useHarness(open);
    const keys = () => harness().unitOfWork.read.apiKeys;

    it('keep all fields, and are listed and counted by user, oldest first', async () => {
      const [owner, other] = [await openAccount(harness()), await openAccount(harness())];
      const first = await keys().create(newKey(owner.id));
      expect(first).toMatchObject({
        name: 'Line 3',
        scopes: ['jobs:read', 'servo'],
        sha256: Buffer.alloc(32, 1),
        previousSha256: null,
        previousExpiresAt: null,
        expiresAt: new Date('2030-01-01T00:00:00.000Z'),
        ipRanges: ['192.0.2.0/24', '2001:db8::/32'],
        rateLimitPerMinute: 7,
        lastUsedAt: null,
      });
      const limitless = { expiresAt: null, ipRanges: [], rateLimitPerMinute: null };
      const second = await keys().create(newKey(owner.id, limitless));
      expect(second).toMatchObject(limitless);
      await keys().create(newKey(other.id));
      expect(await keys().listByUser(owner.id)).toEqual([first, second]);
      expect(await keys().countByUser(owner.id)).toBe(2);
      expect(await keys().findByIds([second.id, uuid()])).toEqual([second]);
    });

    it('of another user are missing', async () => {
      const [owner, other] = [await openAccount(harness()), await openAccount(harness())];
      const { id } = await keys().create(newKey(owner.id));
      const foreign = { id, userId: other.id };
      const missing = { code: 'NOT_FOUND' };
      await expect(keys().requireOwned(id, other.id)).rejects.toMatchObject(missing);
      await expect(keys().update(foreign, { name: 'Mine' })).rejects.toMatchObject(missing);
      const secret = { sha256: Buffer.alloc(32, 2), previousExpiresAt: null };
      await expect(keys().replaceSecret(foreign, secret)).rejects.toMatchObject(missing);
      await expect(keys().remove(foreign)).rejects.toMatchObject(missing);
      expect(await keys().requireOwned(id, owner.id)).toMatchObject({ name: 'Line 3' });
    });

    it('change only in the given fields; null removes a limit', async () => {
      const owner = await openAccount(harness());
      const key = await keys().create(newKey(owner.id));
      const changes = { scopes: ['servo' as const], rateLimitPerMinute: null };
      expect(await keys().update(key, changes)).toEqual({ ...key, ...changes });
    });

    it('keep the old secret for the given time, and only the last one', async () => {
      const owner = await openAccount(harness());
      const key = await keys().create(newKey(owner.id));
      const previousExpiresAt = new Date('2031-01-01T00:00:00.000Z');
      const [second, third, fourth] = [2, 3, 4].map((byte) => Buffer.alloc(32, byte));
      expect(await keys().replaceSecret(key, { sha256: second, previousExpiresAt })).toMatchObject({
        sha256: second,
        previousSha256: key.sha256,
        previousExpiresAt,
      });
      expect(await keys().replaceSecret(key, { sha256: third, previousExpiresAt })).toMatchObject({
        sha256: third,
        previousSha256: second,
      });
      expect(await keys().replaceSecret(key, { sha256: fourth, previousExpiresAt: null })).toMatchObject({
        sha256: fourth,
        previousSha256: null,
        previousExpiresAt: null,
      });
    });

    it('record a use once a minute', async () => {
      const owner = await openAccount(harness());
      const { id } = await keys().create(newKey(owner.id));
      await keys().markUsed(id);
      const { lastUsedAt } = await keys().requireOwned(id, owner.id);
      expect(lastUsedAt).not.toBeNull();
      await keys().markUsed(id);
      expect((await keys().requireOwned(id, owner.id)).lastUsedAt).toEqual(lastUsedAt);
    });

    it('are removed one by one, or all of a user', async () => {
      const [owner, other] = [await openAccount(harness()), await openAccount(harness())];
      const [first] = [await keys().create(newKey(owner.id)), await keys().create(newKey(owner.id))];
      await keys().create(newKey(other.id));
      await keys().remove(first);
      expect(await keys().countByUser(owner.id)).toBe(1);
      await keys().removeByUser(owner.id);
      expect([await keys().countByUser(owner.id), await keys().countByUser(other.id)]).toEqual([0, 1]);
    });
  });
}
