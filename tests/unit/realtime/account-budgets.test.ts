import { AccountBudgets } from '../../../src/realtime/account-budgets.js';
import { DatabaseSharedCounts } from '../../../src/services/shared-counts.js';
import { InMemoryRateCountRepository } from '../../fakes/in-memory-rate-count.repository.js';

const LIMIT = { name: 'tests', windowSeconds: 60, most: 10 };

describe('limits of an account', () => {
  const rows = new InMemoryRateCountRepository();
  const budgets = () => new AccountBudgets(LIMIT, (limit) => new DatabaseSharedCounts(rows, limit));

  it('count what it sends to all api processes, apart from other accounts', async () => {
    const processes = [budgets(), budgets()];
    const allowed: boolean[] = [];
    for (let index = 0; index < 30; index += 1) {
      allowed.push(processes[index % 2].take('one'));
      // The counts are exchanged in between.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }

    const count = allowed.filter(Boolean).length;
    expect(count).toBeGreaterThanOrEqual(LIMIT.most);
    // Each process may miss what the other one has counted in the last moment.
    expect(count).toBeLessThanOrEqual(LIMIT.most + 2);
    expect(processes[0].take('another')).toBe(true);
  });
});
