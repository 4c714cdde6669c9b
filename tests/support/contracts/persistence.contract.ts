import { describeApiKeyRepository } from './api-key.contract.js';
import { describeDatasetRepository } from './dataset.contract.js';
import type { OpenPersistence } from './harness.js';
import { describeIdentityRepository } from './identity.contract.js';
import { describeIdempotencyRepository } from './idempotency.contract.js';
import { describeJobLists } from './job-list.contract.js';
import { describeJobRepository } from './job.contract.js';
import { describeLedgerRepository } from './ledger.contract.js';
import { describeListings } from './listing.contract.js';
import { describeResultRepository } from './result.contract.js';
import { describeScheduleRepository } from './schedule.contract.js';
import { describeServoSessionRepository } from './servo-session.contract.js';
import { describeUnitOfWork } from './unit-of-work.contract.js';
import { describeUserSessionRepository } from './user-session.contract.js';
import { describeUserRepository } from './user.contract.js';

/** The whole contract of src/domain/repositories.ts. */
export function describePersistence(open: OpenPersistence): void {
  describeUserRepository(open);
  describeApiKeyRepository(open);
  describeUserSessionRepository(open);
  describeIdentityRepository(open);
  describeLedgerRepository(open);
  describeDatasetRepository(open);
  describeJobRepository(open);
  describeJobLists(open);
  describeScheduleRepository(open);
  describeListings(open);
  describeResultRepository(open);
  describeIdempotencyRepository(open);
  describeServoSessionRepository(open);
  describeUnitOfWork(open);
}
