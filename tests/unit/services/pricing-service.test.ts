import { PricingService, sumUnits } from '../../../src/services/pricing.service.js';
import { failureOf, JobRecorder, MAX_RESULT_JSON_BYTES } from '../../../src/services/job-recorder.service.js';
import { AppError } from '../../../src/errors/app-error.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';

const pricing = new PricingService(new InMemoryUnitOfWork().read.prices);
const quoted = { pricePreset: 'infernode', priceVersion: 1, held: 20_000n };

describe('pricing service', () => {
  it('what was used is charged at the quoted prices', async () => {
    expect(await pricing.charge(quoted, { 'inference.video_frame': 7 })).toBe(14_000n);
    expect(await pricing.charge(quoted, {})).toBe(0n);
  });

  it('an engine that reports more than was quoted cannot take more than was held', async () => {
    expect(await pricing.charge(quoted, { 'inference.video_frame': 1_000_000 })).toBe(20_000n);
  });

  it('the quote of a batch is the sum of the quotes of its jobs', async () => {
    const all = [{ 'inference.video_frame': 3 }, { 'inference.video_frame': 4, 'inference.image': 2 }];

    const { each, total } = await pricing.quoteAll('infernode', all);

    expect(each.map((quote) => quote.total)).toEqual([6_000n, 12_000n]);
    expect(total.total).toBe(18_000n);
    expect(sumUnits(all)).toEqual({ 'inference.video_frame': 7, 'inference.image': 2 });
  });

  it('a job row tells the user our own errors and keeps unknown ones to itself', () => {
    const ours = new AppError('GOAL_TOO_FEW_POINTS', { message: 'The goal is blank.' });

    expect(failureOf(ours)).toEqual({ code: 'GOAL_TOO_FEW_POINTS', message: 'The goal is blank.' });
    expect(JSON.stringify(failureOf(new Error('at /srv/secret.js')))).not.toContain('secret');
  });

  it('a JSON result that would be too much for one row is refused before it reaches the database', async () => {
    const unitOfWork = new InMemoryUnitOfWork();
    const claim = { job: await aJob(unitOfWork), fence: 'f' };
    const result = {
      json: { text: 'x'.repeat(MAX_RESULT_JSON_BYTES) },
      zipPath: '/z',
      units: {},
      device: { requested: 'cpu', used: 'cpu', reason: '', attempts: [] },
      timings: {},
      energy: { joules: 0, carbonGrams: 0, method: 'estimate', figures: {} },
      network: null,
    } as const;

    const completion = new JobRecorder(unitOfWork, { leaseMs: 1_000 }).complete(
      claim,
      result,
      async function* () {},
    );

    await expect(completion).rejects.toMatchObject({ code: 'RESULT_TOO_LARGE', kind: 'too_large' });
  });
});

async function aJob({ read }: InMemoryUnitOfWork) {
  const user = await read.users.create({ email: 'a@example.com', passwordHash: 'x', role: 'user' });
  const dataset = await read.datasets.create({ userId: user.id, name: 'd', tags: [] });
  const [job] = await read.jobs.create([
    {
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      batchId: '01890a5d-ac96-774b-bcce-b302099a8058',
      userId: user.id,
      datasetId: dataset.id,
      task: 'cns',
      params: {},
      plan: {},
      deviceRequested: 'cpu',
      pricePreset: 'infernode',
      priceVersion: 1,
      held: 0n,
      retryOf: null,
    },
  ]);
  return job;
}
