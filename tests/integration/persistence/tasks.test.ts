import { QueryTypes } from 'sequelize';
import { priceOf } from '../../../src/domain/money.js';
import { TASK_NAMES, TASKS } from '../../../src/tasks/index.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;
beforeAll(async () => {
  real = await openRealPersistence();
});
afterAll(() => real.close());

describe('the migrated database and the tasks of the product', () => {
  it('takes jobs of exactly these tasks', async () => {
    const [{ check }] = await real.database.sequelize.query<{ check: string }>(
      `SELECT pg_get_constraintdef(oid) AS check FROM pg_constraint WHERE conname = 'inference_jobs_task_known'`,
      { type: QueryTypes.SELECT },
    );
    const names = [...check.matchAll(/'([^']+)'/g)].map(([, name]) => name);
    expect(names.sort()).toEqual([...TASK_NAMES].sort());
  });

  it.each(TASKS.map((task) => [task.name, task] as const))(
    'has a price for all that %s is billed by',
    async (name, { pricePreset, priceUnits }) => {
      const preset = await real.unitOfWork.read.prices.current(pricePreset);
      // A recorded session has paid before its job exists.
      expect(priceUnits.length > 0).toBe(name !== 'servo');
      for (const unit of priceUnits) expect(priceOf(preset, unit)).toBeGreaterThan(0n);
    },
  );
});
