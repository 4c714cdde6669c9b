import { v7 as uuid } from 'uuid';
import { newMedia, openAccount, openDataset, useHarness, type OpenPersistence } from './harness.js';

/** What every {@link DatasetRepository} keeps to. */
export function describeDatasetRepository(open: OpenPersistence): void {
  describe('datasets', () => {
    const harness = useHarness(open);
    const datasets = () => harness().unitOfWork.read.datasets;
    const owner = async () => (await openAccount(harness())).id;

    it('belong to their owner alone', async () => {
      const userId = await owner();
      const created = await datasets().create({ userId, name: 'mine', tags: ['b', 'a'] });
      expect(created).toMatchObject({ userId, name: 'mine', tags: ['b', 'a'], deletedAt: null });
      expect(await datasets().requireOwned(created.id, userId)).toEqual(created);
      const stranger = await owner();
      await expect(datasets().requireOwned(created.id, stranger)).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(datasets().requireOwned(uuid(), userId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('have a name that is unique among the live ones of an owner', async () => {
      const userId = await owner();
      const first = await datasets().create({ userId, name: 'same', tags: [] });
      const again = () => datasets().create({ userId, name: 'same', tags: [] });
      await expect(again()).rejects.toMatchObject({ code: 'DATASET_NAME_TAKEN', kind: 'conflict' });
      await datasets().create({ userId: await owner(), name: 'same', tags: [] });
      await datasets().softDelete(first.id);
      await again();
    });

    it('cannot be renamed to a taken name, but keep their own', async () => {
      const userId = await owner();
      const kept = await datasets().create({ userId, name: 'kept', tags: ['x'] });
      await datasets().create({ userId, name: 'taken', tags: [] });
      await expect(datasets().update(kept.id, { name: 'taken' })).rejects.toMatchObject({
        code: 'DATASET_NAME_TAKEN',
      });
      expect(await datasets().update(kept.id, { name: 'kept' })).toMatchObject({ name: 'kept', tags: ['x'] });
      expect(await datasets().update(kept.id, { tags: [] })).toMatchObject({ name: 'kept', tags: [] });
      await expect(datasets().update(uuid(), { name: 'new' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('are gone once deleted, and deleting again does nothing', async () => {
      const userId = await owner();
      const { id } = await openDataset(harness(), userId);
      await datasets().softDelete(id);
      await datasets().softDelete(id);
      await expect(datasets().requireOwned(id, userId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(datasets().update(id, { name: 'back' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect((await datasets().list({ userId, match: 'any', limit: 9 })).rows).toEqual([]);
      const [deleted] = (await datasets().list({ userId, match: 'any', includeDeleted: true, limit: 9 }))
        .rows;
      expect(deleted).toMatchObject({ id, deletedAt: expect.any(Date) });
    });

    it('are filtered by any or all of some tags, newest first', async () => {
      const userId = await owner();
      for (const [name, tags] of [
        ['one', ['a']],
        ['two', ['a', 'b']],
        ['three', ['c', 'b']],
      ] as const) {
        await datasets().create({ userId, name, tags });
      }
      const names = async (tags: readonly string[], match: 'any' | 'all') =>
        (await datasets().list({ userId, tags, match, limit: 9 })).rows.map(({ name }) => name);
      expect(await names([], 'all')).toEqual(['three', 'two', 'one']);
      expect(await names(['a', 'b'], 'any')).toEqual(['three', 'two', 'one']);
      expect(await names(['a', 'b'], 'all')).toEqual(['two']);
      expect(await names(['c'], 'any')).toEqual(['three']);
      expect(await names(["a' OR true --"], 'any')).toEqual([]);
    });

    it('tell the distinct tags of the live ones in order', async () => {
      const userId = await owner();
      await datasets().create({ userId, name: 'live', tags: ['z', 'a'] });
      await datasets().create({ userId, name: 'other', tags: ['a'] });
      const dead = await datasets().create({ userId, name: 'dead', tags: ['ghost'] });
      await datasets().softDelete(dead.id);
      expect(await datasets().distinctTags(userId, 9)).toEqual(['a', 'z']);
      expect(await datasets().distinctTags(userId, 1)).toEqual(['a']);
    });

    it('are listed in pages without gaps or repeats, and deleted all at once', async () => {
      const userId = await owner();
      const names = ['one', 'two', 'three', 'four', 'five'];
      for (const name of names) await datasets().create({ userId, name, tags: ['t'] });
      const seen: string[][] = [];
      let cursor: string | undefined;
      do {
        const page = await datasets().list({ userId, match: 'any', tags: ['t'], limit: 2, cursor });
        seen.push(page.rows.map(({ name }) => name));
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual([['five', 'four'], ['three', 'two'], ['one']]);
      const stranger = await owner();
      await datasets().create({ userId: stranger, name: 'other', tags: [] });
      await datasets().softDeleteAll(userId);
      expect((await datasets().list({ userId, match: 'any', limit: 9 })).rows).toEqual([]);
      expect((await datasets().list({ userId: stranger, match: 'any', limit: 9 })).rows).toHaveLength(1);
    });
  });

  describe('dataset items', () => {
    const harness = useHarness(open);
    const read = () => harness().unitOfWork.read.datasets;
    const fresh = async () => openDataset(harness(), (await openAccount(harness())).id);

    it('keep the order of upload and all facts of their media', async () => {
      const { id, userId } = await fresh();
      const video = newMedia(userId);
      const mask = newMedia(userId, {
        role: 'mask',
        kind: 'image',
        fps: null,
        durationSeconds: null,
        frameCount: 1,
      });
      const added = await harness().unitOfWork.run(({ datasets }) =>
        datasets.addItems(id, [
          { source: video, mask },
          { source: newMedia(userId, { name: 'second.mp4' }) },
        ]),
      );
      expect(added.map(({ position }) => position)).toEqual([0, 1]);
      expect(added[0].source).toMatchObject({ ...video, datasetId: id });
      expect(added[0].mask).toMatchObject({ ...mask, datasetId: id });
      expect(added[1]).toMatchObject({ mask: null, source: { name: 'second.mp4' } });
      await harness().unitOfWork.run(({ datasets }) => datasets.addItems(id, [{ source: newMedia(userId) }]));
      const items = await read().items(id);
      expect(items.map(({ position }) => position)).toEqual([0, 1, 2]);
      expect(items.slice(0, 2)).toEqual(added);
      expect(await read().findMedia(mask.id)).toEqual(added[0].mask);
      expect(await read().findMedia(uuid())).toBeNull();
    });

    it('of all users can be gone through, those of deleted datasets too', async () => {
      const ids: string[] = [];
      for (const _ of [1, 2]) {
        const { id, userId } = await fresh();
        const [source, mask] = [newMedia(userId), newMedia(userId, { role: 'mask' })];
        await harness().unitOfWork.run(({ datasets }) => datasets.addItems(id, [{ source, mask }]));
        await harness().unitOfWork.run(({ datasets }) => datasets.softDelete(id));
        ids.push(source.id, mask.id);
      }
      const seen: string[] = [];
      for (let after: string | null = null; ; after = seen.at(-1) ?? null) {
        const page: readonly { id: string }[] = await read().mediaAfter(after, 3);
        seen.push(...page.map(({ id }) => id));
        if (page.length < 3) break;
      }
      expect(seen).toEqual([...seen].sort());
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(ids));
    });

    it('of concurrent uploads get positions without gaps or doubles', async () => {
      const { id, userId } = await fresh();
      await Promise.all(
        Array.from({ length: 12 }, () =>
          harness().unitOfWork.run(({ datasets }) =>
            datasets.addItems(id, [{ source: newMedia(userId) }, { source: newMedia(userId) }]),
          ),
        ),
      );
      const positions = (await read().items(id)).map(({ position }) => position);
      expect(positions).toEqual(Array.from({ length: 24 }, (_, index) => index));
    });

    it('cannot be added to a deleted dataset', async () => {
      const { id, userId } = await fresh();
      await read().softDelete(id);
      await expect(
        harness().unitOfWork.run(({ datasets }) => datasets.addItems(id, [{ source: newMedia(userId) }])),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });
  });
}
