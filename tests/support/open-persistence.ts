import { createPersistence, type Persistence } from '../../src/composition/persistence.js';
import type { PersistenceHarness } from './contracts/harness.js';
import { createTestDatabase, type TestDatabase } from './database.js';
import { OutboxQueue } from './outbox-queue.js';

/** The real persistence on a database of its own. */
export interface RealPersistence extends PersistenceHarness {
  readonly database: TestDatabase;
  readonly persistence: Persistence;
  readonly queue: OutboxQueue;
  /** Errors of effects after commits. */
  readonly effectErrors: readonly unknown[];
}

/** Opens the real persistence; `poolMax` is the number of its connections. A database that is `given` stays when it is closed. */
export async function openRealPersistence(poolMax = 10, given?: TestDatabase): Promise<RealPersistence> {
  const database = given ?? (await createTestDatabase());
  const queue = new OutboxQueue(database.sequelize);
  const effectErrors: unknown[] = [];
  const persistence = createPersistence({ ...database.config, poolMax }, queue, {
    onEffectError: (error) => effectErrors.push(error),
  });
  return {
    database,
    persistence,
    queue,
    effectErrors,
    unitOfWork: persistence.unitOfWork,
    messages: () => queue.messages(),
    close: async () => {
      await persistence.close();
      if (!given) await database.close();
    },
  };
}
