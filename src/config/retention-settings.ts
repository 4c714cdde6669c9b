import { z } from 'zod';

const MAX_DAYS = 36_500;
const days = z.coerce.number().int().min(0).max(MAX_DAYS);

/** For how long things are kept. */
export const retentionSettings = {
  /** Days for which deleted objects can be restored; 0 removes them at once. */
  TRASH_DAYS: days.default(30),
  /** Days after which results, events and rows of the audit log are removed; 0 keeps them. */
  RESULT_RETENTION_DAYS: days.default(0),
  EVENT_RETENTION_DAYS: days.default(0),
  AUDIT_RETENTION_DAYS: days.default(0),
  /** Days for which log files are kept; unset: 14, and 30 for those of jobs. */
  LOG_RETENTION_DAYS: z.coerce.number().int().min(1).max(MAX_DAYS).optional(),
};
