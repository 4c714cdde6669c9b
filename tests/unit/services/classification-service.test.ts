import { NetworkRights } from '../../../src/services/network-rights.service.js';
import { openNetworks } from '../../fakes/open-networks.js';
import type { Classification, NetworkCatalogue, NetworkEngines } from '../../../src/domain/network.js';
import { AppError } from '../../../src/errors/app-error.js';
import { MemoryBudget } from '../../../src/lifecycle/memory-budget.js';
import type { ClassifyInput } from '../../../src/controllers/classification-input.js';
import { ClassificationService } from '../../../src/services/classification.service.js';
import { ImageCharges } from '../../../src/services/image-charges.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';
import { newMedia } from '../../support/contracts/harness.js';

const LIMIT = 100;
const NETWORK = { id: 'colours' };
const OPTIONS = { topK: 1, threshold: 0 };
const image = (bytes: number): ClassifyInput => ({ kind: 'image', bytes: new Uint8Array(bytes) });
const full = () => new AppError('QUEUE_FULL', { message: 'Full.', retryAfterSeconds: 1 });

/** The service over engines that answer what `classify` says; a user with credits. */
async function rig(classify: NetworkEngines['classify']) {
  const unitOfWork = new InMemoryUnitOfWork();
  const userId = await unitOfWork.run(async ({ users, ledger }) => {
    const { id } = await users.create({ email: 'a@example.com', passwordHash: 'x', role: 'user' });
    await ledger.append({
      userId: id,
      kind: 'grant',
      amount: 1_000_000n,
      delta: 1_000_000n,
      description: 'start',
    });
    return id;
  });
  const network = { id: 'colours', version: '1.0.0', task: 'classification' };
  const service = new ClassificationService({
    unitOfWork,
    charges: new ImageCharges(unitOfWork, 'infernode'),
    engines: { classify },
    catalogue: { find: async () => ({ network, folder: '/nowhere' }) } as unknown as NetworkCatalogue,
    rights: new NetworkRights(openNetworks),
    maxImageBytes: LIMIT,
    imageMemory: new MemoryBudget(LIMIT),
    readMedia: async () => new Uint8Array(1000),
  });
  const principal = { userId, email: 'a@example.com', role: 'user' } as const;
  const charged = async () =>
    (await unitOfWork.read.ledger.listByUser(userId, 1000)).filter(({ kind }) => kind === 'capture').length;
  return { service, unitOfWork, request: { principal, network: NETWORK, options: OPTIONS }, charged, userId };
}

const answer = { network: { id: 'colours', version: '1.0.0' }, predictions: [] } as unknown as Classification;

describe('a batch', () => {
  it('of which nothing was classified for want of room is refused as a whole, with when to come again', async () => {
    const { service, request, charged } = await rig(() => Promise.reject(full()));
    const refused = service.batch(request, [image(1), image(2)]);
    await expect(refused).rejects.toMatchObject({ code: 'QUEUE_FULL', retryAfterSeconds: 1 });
    expect(await charged()).toBe(0);
  });

  it('of which a part found no room keeps what was classified', async () => {
    let calls = 0;
    const { service, request, charged } = await rig(() =>
      (calls += 1) === 1 ? Promise.resolve(answer) : Promise.reject(full()),
    );
    const outcome = await service.batch(request, [image(1), image(2)]);
    expect(outcome.answer.map(({ ok }) => ok)).toEqual([true, false]);
    expect(outcome.network).toMatchObject({ version: '1.0.0' });
    expect(await charged()).toBe(1);
  });

  it('of bad images alone tells the fault of each', async () => {
    const { service, request } = await rig(() => Promise.resolve(answer));
    const outcome = await service.batch(request, [image(LIMIT + 1), image(LIMIT + 2)]);
    expect(outcome.answer).toEqual([
      { ok: false, error: expect.objectContaining({ code: 'PICTURE_TOO_LARGE' }) },
      { ok: false, error: expect.objectContaining({ code: 'PICTURE_TOO_LARGE' }) },
    ]);
    expect(outcome.network).toBeNull();
  });
});

describe('a stored image', () => {
  async function stored(
    change: (rigged: Awaited<ReturnType<typeof rig>>, datasetId: string) => Promise<void>,
  ) {
    const rigged = await rig(() => Promise.resolve(answer));
    const source = newMedia(rigged.userId, { kind: 'image' });
    const dataset = await rigged.unitOfWork.run(async ({ datasets }) => {
      const made = await datasets.create({ userId: rigged.userId, name: 'set', tags: [] });
      await datasets.addItems(made.id, [{ source }]);
      return made;
    });
    await change(rigged, dataset.id);
    return rigged.service.execute(rigged.request, { kind: 'media', mediaId: source.id });
  }

  it('may be larger than one that a request brings: its pixels were measured when it was stored', async () => {
    await expect(stored(async () => undefined)).resolves.toMatchObject({ answer: { predictions: [] } });
  });

  it('of a deleted dataset is gone', async () => {
    const deleted = stored(({ unitOfWork }, id) => unitOfWork.run(({ datasets }) => datasets.softDelete(id)));
    await expect(deleted).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
