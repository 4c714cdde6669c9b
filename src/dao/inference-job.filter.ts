import { Op, literal, where, type WhereOptions } from 'sequelize';
import type { JobStatus, TaskName } from '../domain/job.js';
import type { InferenceJobRow } from '../models/inference-job.model.js';
import { containing } from './like-pattern.js';

/** Filter of a job list. */
export interface JobRowFilter {
  readonly ids?: readonly string[];
  readonly userId?: string;
  readonly status?: readonly JobStatus[];
  readonly task?: TaskName;
  readonly datasetId?: string;
  readonly batchId?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  /** `false` excludes jobs of deleted datasets. */
  readonly includeDeleted?: boolean;
  /** Part of the owner's e-mail, case-insensitive. */
  readonly ownerEmailContains?: string;
  /** Only rows after this one in the list's order, newest first. */
  readonly olderThan?: { readonly createdAt: Date; readonly id: string };
}

/** PostgreSQL's calendar has no year 0, unlike ISO 8601; no row is that old anyway. */
const EARLIEST = new Date('0001-01-01T00:00:00Z');

const storable = (time: Date): Date => (time < EARLIEST ? EARLIEST : time);

const LIVE_DATASETS = literal('(SELECT id FROM datasets WHERE deleted_at IS NULL)');

const OWNER_EMAIL = literal('(SELECT u.email FROM users u WHERE u.id = "InferenceJob"."user_id")');

/** WHERE conditions of a filter; missing fields do not filter. */
export function jobListWhere(filter: JobRowFilter): WhereOptions<InferenceJobRow> {
  const { userId, status, task, datasetId, batchId, createdAfter, createdBefore, olderThan } = filter;
  const { ids, includeDeleted = true, ownerEmailContains } = filter;
  const conditions: WhereOptions<InferenceJobRow>[] = [{ deletedAt: null }];
  if (ids) conditions.push({ id: [...ids] });
  if (userId) conditions.push({ userId });
  if (status && status.length > 0) conditions.push({ status: [...status] });
  if (task) conditions.push({ task });
  if (datasetId) conditions.push({ datasetId });
  if (batchId) conditions.push({ batchId });
  if (createdAfter) conditions.push({ createdAt: { [Op.gt]: storable(createdAfter) } });
  if (createdBefore) conditions.push({ createdAt: { [Op.lt]: storable(createdBefore) } });
  if (!includeDeleted)
    conditions.push({ [Op.or]: [{ datasetId: null }, { datasetId: { [Op.in]: LIVE_DATASETS } }] });
  if (ownerEmailContains !== undefined)
    conditions.push(where(OWNER_EMAIL, { [Op.iLike]: containing(ownerEmailContains) }));
  if (olderThan) {
    const { id } = olderThan;
    const createdAt = storable(olderThan.createdAt);
    // Implied by the condition below, but it can use the index on age.
    conditions.push({ createdAt: { [Op.lte]: createdAt } });
    conditions.push({ [Op.or]: [{ createdAt: { [Op.lt]: createdAt } }, { createdAt, id: { [Op.lt]: id } }] });
  }
  return { [Op.and]: conditions };
}
