import { ImageCharges } from '../../../src/services/image-charges.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';

const PRICE = 2_000n;

async function rig(balance: bigint) {
  const unitOfWork = new InMemoryUnitOfWork();
  const userId = await unitOfWork.run(async ({ users, ledger }) => {
    const { id } = await users.create({ email: 'payer@example.com', passwordHash: 'x', role: 'user' });
    await ledger.append({ userId: id, kind: 'grant', amount: balance, delta: balance, description: 'start' });
    return id;
  });
  const captures = async () =>
    (await unitOfWork.read.ledger.listByUser(userId, 1000)).filter(({ kind }) => kind === 'capture');
  const balanceNow = async () => (await unitOfWork.read.users.findById(userId))?.balance;
  return { charges: new ImageCharges(unitOfWork, 'infernode'), userId, captures, balanceNow };
}

describe('charges for images', () => {
  it('many at once are one row each, however they are written', async () => {
    const { charges, userId, captures, balanceNow } = await rig(1_000_000n);
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        charges.capture({ userId, images: 1, description: String(index) }),
      ),
    );
    const rows = await captures();
    expect(rows).toHaveLength(100);
    expect(new Set(rows.map(({ description }) => description)).size).toBe(100);
    expect(rows.every(({ amount, delta }) => amount === PRICE && delta === -PRICE)).toBe(true);
    expect(await balanceNow()).toBe(1_000_000n - 100n * PRICE);
  });

  it('where the balance does not cover all of them, exactly those it covers are paid for', async () => {
    const { charges, userId, captures, balanceNow } = await rig(4n * PRICE + 1n);
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => charges.capture({ userId, images: 1, description: 'one' })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    for (const outcome of outcomes.filter(({ status }) => status === 'rejected')) {
      expect(outcome).toMatchObject({ reason: { code: 'INSUFFICIENT_CREDITS' } });
    }
    expect(await captures()).toHaveLength(4);
    expect(await balanceNow()).toBe(1n);
  });

  it('several images of one answer are paid for together or not at all', async () => {
    const { charges, userId, captures } = await rig(2n * PRICE);
    await expect(charges.capture({ userId, images: 3, description: 'three' })).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
    });
    expect(await captures()).toHaveLength(0);
    await charges.capture({ userId, images: 2, description: 'two' });
    expect(await captures()).toHaveLength(2);
  });

  it('nothing is charged for nothing', async () => {
    const { charges, userId, captures } = await rig(PRICE);
    await charges.capture({ userId, images: 0, description: 'none' });
    expect(await captures()).toEqual([]);
  });
});
