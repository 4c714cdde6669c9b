import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';
import { describePersistence } from '../../support/contracts/persistence.contract.js';

describePersistence(async () => {
  const unitOfWork = new InMemoryUnitOfWork();
  return {
    unitOfWork,
    messages: async () => [...unitOfWork.store.messages.values()],
    close: async () => undefined,
  };
});

describe('in memory persistence', () => {
  it('a transaction inside a transaction is refused instead of waiting for ever', async () => {
    const unitOfWork = new InMemoryUnitOfWork();
    await expect(unitOfWork.run(() => unitOfWork.run(async () => 1))).rejects.toThrow('inside another');
  });
});
