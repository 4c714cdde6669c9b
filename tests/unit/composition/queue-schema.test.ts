import { LATEST_SCHEMA_VERSION } from 'bullmq';
import { requiredQueueVersion } from '../../../src/composition/require-schema.js';

describe('queue schema', () => {
  it('the queue’s tables that a start asks for are those that BullMQ makes', () => {
    expect(requiredQueueVersion).toBe(LATEST_SCHEMA_VERSION);
  });
});
