import {
  newJob,
  newLease,
  newMedia,
  newOutcome,
  openAccount,
  openDataset,
  useHarness,
  type OpenPersistence,
} from './harness.js';

/** What every repository's listings by page, counts and owners keep to. */
export function describeListings(open: OpenPersistence): void {
  describe('listings', () => {
    const harness = useHarness(open);
    const read = () => harness().unitOfWork.read;
    const image = (userId: string) =>
      newMedia(userId, { kind: 'image', fps: null, durationSeconds: null, frameCount: 1 });
    const mask = (userId: string) => ({
      ...image(userId),
      role: 'mask' as const,
      hole: { share: 0.25, nonBinaryShare: 0.5, reading: 'colour' as const, circle: 12.5 },
      warnings: ['Only the first of 3 frames or pages was used.'],
    });

    it('count images by one and videos by their sampled frames', async () => {
      const { id: userId } = await openAccount(harness());
      const mixed = await openDataset(harness(), userId);
      const empty = await openDataset(harness(), userId);
      await harness().unitOfWork.run(({ datasets }) =>
        datasets.addItems(mixed.id, [{ source: image(userId), mask: mask(userId) }]),
      );
      // 3.003 seconds: shown at 0, 1, 2 and 3 seconds, or at twice as many times.
      await harness().unitOfWork.run(({ datasets }) =>
        datasets.addItems(mixed.id, [
          { source: newMedia(userId) },
          { source: newMedia(userId), sampleFps: 2 },
        ]),
      );
      const items = await read().datasets.items(mixed.id);
      expect(items.map(({ sampledFrames }) => sampledFrames)).toEqual([1, 4, 7]);
      expect(items.map(({ uploadIndex }) => uploadIndex)).toEqual([1, 2, 2]);
      expect(items[0].mask?.hole).toEqual({
        share: 0.25,
        nonBinaryShare: 0.5,
        reading: 'colour',
        circle: 12.5,
      });
      expect(items[0].mask?.warnings).toEqual(['Only the first of 3 frames or pages was used.']);
      expect(items[0].source.warnings).toEqual([]);
      const page = await read().datasets.page({ userId }, { offset: 0, limit: 10 });
      expect(page.total).toBe(2);
      expect(page.rows.map(({ dataset }) => dataset.id)).toEqual([empty.id, mixed.id]);
      expect(page.rows[1]).toMatchObject({ images: 1, videos: 2, videoFrames: 11, content: 'mixed' });
      expect(page.rows[1].dataset.nextUploadIndex).toBe(3);
      expect(page.rows[0]).toMatchObject({ images: 0, videos: 0, videoFrames: 0, content: 'empty' });
      const second = await read().datasets.page({ userId }, { offset: 1, limit: 1 });
      expect(second).toMatchObject({ total: 2, rows: [{ dataset: { id: mixed.id } }] });
      const only = await read().datasets.page({ userId, content: 'mixed' }, { offset: 0, limit: 10 });
      expect(only.rows.map(({ dataset }) => dataset.id)).toEqual([mixed.id]);
      expect(await read().datasets.totals({ userId })).toEqual({
        datasets: 2,
        orphaned: 0,
        images: 1,
        videos: 2,
        videoFrames: 11,
        maskedImages: 1,
        maskedVideos: 0,
        maskedVideoFrames: 0,
        byContent: { empty: 1, image: 0, video: 0, 'image-mask': 0, 'video-mask': 0, mixed: 1 },
      });
    });

    it.each([
      ['image', [false]],
      ['image-mask', [false, true]],
      ['video', [false]],
      ['video-mask', [true, false]],
    ] as const)('call a dataset %s by what is masked, and count that alone', async (content, masks) => {
      const { id: userId } = await openAccount(harness());
      const dataset = await openDataset(harness(), userId);
      const source = () => (content.startsWith('image') ? image(userId) : newMedia(userId));
      const items = masks.map((masked) => ({ source: source(), ...(masked && { mask: mask(userId) }) }));
      await harness().unitOfWork.run(({ datasets }) => datasets.addItems(dataset.id, items));
      const { rows } = await read().datasets.page({ userId, content }, { offset: 0, limit: 10 });
      const masked = masks.filter(Boolean).length;
      expect(rows).toHaveLength(1);
      expect(rows[0]).toMatchObject(
        content.startsWith('image')
          ? { images: masks.length, maskedImages: masked, maskedVideoFrames: 0 }
          : { videos: masks.length, maskedImages: 0, maskedVideos: masked, maskedVideoFrames: 4 * masked },
      );
      expect((await read().datasets.totals({ userId })).byContent).toMatchObject({ [content]: 1, mixed: 0 });
    });

    it('find datasets by name, deleted ones only when asked for', async () => {
      const { id: userId } = await openAccount(harness());
      const stranger = await openAccount(harness());
      const old = await read().datasets.create({ userId, name: 'Holiday', tags: ['a'] });
      await read().datasets.softDelete(old.id);
      const find = (owner: string, includeDeleted?: boolean) =>
        read().datasets.requireByName('Holiday', owner, { includeDeleted });
      await expect(find(userId)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await find(userId, true)).toMatchObject({ id: old.id });
      const live = await read().datasets.create({ userId, name: 'Holiday', tags: ['b'] });
      expect(await find(userId)).toMatchObject({ id: live.id });
      expect(await find(userId, true)).toMatchObject({ id: live.id });
      await expect(find(stranger.id, true)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      const found = await read().datasets.findByIds([old.id, live.id]);
      expect(found.map(({ id }) => id).sort()).toEqual([old.id, live.id].sort());
      const tagged = await read().datasets.page(
        { userId, nameContains: 'HOLI', tags: ['b'], includeDeleted: true },
        { offset: 0, limit: 5 },
      );
      expect(tagged.rows.map(({ dataset }) => dataset.id)).toEqual([live.id]);
    });

    it('show the ledger of all users with their owners, and its sums', async () => {
      const rich = await openAccount(harness(), 5);
      await openAccount(harness(), 7);
      await harness().unitOfWork.run(({ ledger }) =>
        ledger.append({ userId: rich.id, kind: 'upload', amount: 2n, delta: -2n, description: 'up' }),
      );
      const own = await read().ledger.page({ userId: rich.id }, { offset: 0, limit: 10 });
      expect(own.total).toBe(2);
      expect(own.rows.map(({ entry }) => entry.kind)).toEqual(['upload', 'grant']);
      expect(own.rows[0]).toMatchObject({
        entry: { amount: 2n, delta: -2n, balanceBefore: 5_000_000n, balanceAfter: 4_999_998n },
        owner: { id: rich.id, email: rich.email, deleted: false },
      });
      const grants = await read().ledger.page({ kinds: ['grant'] }, { offset: 0, limit: 1 });
      expect(grants.total).toBeGreaterThanOrEqual(2);
      expect(grants.rows).toHaveLength(1);
      expect(await read().ledger.totals({ userId: rich.id })).toEqual([
        { kind: 'grant', hold: null, count: 1, amount: 5_000_000n, delta: 5_000_000n },
        { kind: 'upload', hold: null, count: 1, amount: 2n, delta: -2n },
      ]);
    });

    it('say of a hold what became of it, and sum only what is really held', async () => {
      const { id: userId } = await openAccount(harness(), 5);
      const dataset = await openDataset(harness(), userId);
      const { unitOfWork } = harness();
      const jobs = await unitOfWork.run(async (scope) => {
        const made = await scope.jobs.create([1, 2, 3].map(() => newJob(dataset)));
        for (const { id: jobId, held } of made)
          await scope.ledger.append({
            userId,
            jobId,
            kind: 'hold',
            amount: held,
            delta: -held,
            description: 'hold',
          });
        return made;
      });
      const lease = newLease();
      await read().jobs.claimForRun(jobs[0].id, lease);
      await unitOfWork.run(async (scope) => {
        await scope.jobs.complete(jobs[0].id, lease.fence, newOutcome());
        await scope.jobs.finish(jobs[1].id, 'FAILED', { code: 'X', message: 'x' });
      });
      const holds = (await read().ledger.listByUser(userId, 3)).map(({ hold }) => hold);
      expect(holds).toEqual(['pending', 'released', 'captured']);
      const pending = { userId, kinds: ['hold'], holds: ['pending'] } as const;
      expect((await read().ledger.page(pending, { offset: 0, limit: 9 })).rows).toMatchObject([
        { entry: { jobId: jobs[2].id, hold: 'pending' } },
      ]);
      expect(await read().ledger.totals(pending)).toEqual([
        { kind: 'hold', hold: 'pending', count: 1, amount: 180_000n, delta: -180_000n },
      ]);
    });

    it('leave out what belongs to deleted accounts and datasets when told so', async () => {
      const user = await openAccount(harness(), 3);
      const dataset = await openDataset(harness(), user.id);
      await read().jobs.create([newJob(dataset)]);
      const slice = { offset: 0, limit: 9 };
      const rows = async (includeDeleted?: boolean) => ({
        jobs: (await read().jobs.page({ userId: user.id, includeDeleted }, slice)).total,
        ledger: (await read().ledger.page({ userId: user.id, includeDeleted }, slice)).total,
      });
      expect(await rows(false)).toEqual({ jobs: 1, ledger: 1 });
      await harness().unitOfWork.run(async ({ datasets, users }) => {
        await datasets.softDelete(dataset.id);
        await users.remove(user.id);
      });
      expect(await rows()).toEqual({ jobs: 1, ledger: 1 });
      expect(await rows(true)).toEqual({ jobs: 1, ledger: 1 });
      expect(await rows(false)).toEqual({ jobs: 0, ledger: 0 });
    });

    it('a deleted user is nobody: no name, no address, no sign-in, but rows stay', async () => {
      const user = await openAccount(harness(), 3);
      const dataset = await openDataset(harness(), user.id);
      await harness().unitOfWork.run(({ users }) =>
        users.update(user.id, { name: 'Mario', surname: 'Rossi', email: `NEW-${user.email}` }),
      );
      expect(await read().users.findByEmail(`new-${user.email}`)).toMatchObject({ name: 'Mario' });
      await harness().unitOfWork.run(({ users }) => users.remove(user.id));
      expect(await read().users.findById(user.id)).toBeNull();
      expect(await read().users.findByEmail(`new-${user.email}`)).toBeNull();
      const [row] = (await read().datasets.page({ userId: user.id }, { offset: 0, limit: 1 })).rows;
      expect(row).toMatchObject({ dataset: { id: dataset.id }, owner: { name: null, deleted: true } });
      expect(row.owner.email).not.toContain(user.email);
      expect(await read().datasets.totals({ userId: user.id })).toMatchObject({ orphaned: 1 });
      expect(await read().ledger.sumOfDeltas(user.id)).toBe(3_000_000n);
      await expect(
        harness().unitOfWork.run(({ users }) => users.update(user.id, { name: 'Back' })),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('an e-mail that somebody has cannot be taken over', async () => {
      const [one, two] = [await openAccount(harness()), await openAccount(harness())];
      await expect(
        harness().unitOfWork.run(({ users }) => users.update(one.id, { email: two.email })),
      ).rejects.toMatchObject({ code: 'EMAIL_TAKEN' });
    });
  });
}
