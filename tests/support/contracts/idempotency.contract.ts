import { openAccount, useHarness, type OpenPersistence } from './harness.js';

/** What every {@link IdempotencyRepository} keeps to. */
export function describeIdempotencyRepository(open: OpenPersistence): void {
  describe('idempotency keys', () => {
    const harness = useHarness(open);
    const keys = () => harness().unitOfWork.read.idempotency;
    const owner = async () => (await openAccount(harness())).id;

    it('are reserved once and then answer with what is known', async () => {
      const userId = await owner();
      expect(await keys().find(userId, 'key')).toBeNull();
      expect(await keys().begin(userId, 'key', 'hash')).toBeNull();
      expect(await keys().begin(userId, 'key', 'other')).toEqual({ requestHash: 'hash', response: null });
      const response = { status: 201, body: { ids: ['a'], nothing: null } };
      await keys().complete(userId, 'key', response);
      expect(await keys().begin(userId, 'key', 'hash')).toEqual({ requestHash: 'hash', response });
      expect(await keys().find(userId, 'key')).toEqual({ requestHash: 'hash', response });
    });

    it('belong to one user', async () => {
      await keys().begin(await owner(), 'shared', 'hash');
      expect(await keys().begin(await owner(), 'shared', 'hash')).toBeNull();
    });

    it('keep a response without a body', async () => {
      const userId = await owner();
      await keys().begin(userId, 'empty', 'hash');
      await keys().complete(userId, 'empty', { status: 204, body: null });
      expect(await keys().find(userId, 'empty')).toEqual({
        requestHash: 'hash',
        response: { status: 204, body: null },
      });
    });

    it('are free again when released before a response, not after', async () => {
      const userId = await owner();
      await keys().begin(userId, 'key', 'hash');
      await keys().release(userId, 'key');
      expect(await keys().begin(userId, 'key', 'new hash')).toBeNull();
      await keys().complete(userId, 'key', { status: 200, body: 'done' });
      await keys().release(userId, 'key');
      expect(await keys().find(userId, 'key')).toMatchObject({ requestHash: 'new hash' });
    });

    it('let one of many requests through', async () => {
      const userId = await owner();
      const begun = await Promise.all(Array.from({ length: 20 }, () => keys().begin(userId, 'race', 'hash')));
      expect(begun.filter((record) => record === null)).toHaveLength(1);
    });

    it('are removed by age', async () => {
      const userId = await owner();
      await keys().begin(userId, 'old', 'hash');
      expect(await keys().deleteOlderThan(new Date(Date.now() - 60_000))).toBe(0);
      expect(await keys().deleteOlderThan(new Date(Date.now() + 60_000))).toBeGreaterThan(0);
      expect(await keys().find(userId, 'old')).toBeNull();
    });
  });
}
