import { Op, literal, where, type WhereOptions } from 'sequelize';
import type { JobStatus, TaskName } from '../domain/job.js';
import type { InferenceJobRow } from '../models/inference-job.model.js';
import { containing } from './like-pattern.js';

/** Which rows of `inference_jobs` to list. */
export interface JobRowFilter {
  readonly ids?: readonly string[];
  readonly userId?: string;
  readonly status?: readonly JobStatus[];
  readonly task?: TaskName;
  readonly datasetId?: string;
  readonly batchId?: string;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  /** `false` leaves out rows of deleted datasets. */
  readonly includeDeleted?: boolean;
  /** Part of the owner's e-mail, in upper or lower case. */
  readonly ownerEmailContains?: string;
  /** Rows after this one in the list's order, newest first. */
  readonly olderThan?: { readonly createdAt: Date; readonly id: string };
}

/** PostgreSQL's calendar has no year 0, which ISO 8601 has; no row is older than this anyway. */
const EARLIEST = new Date('0001-01-01T00:00:00Z');

const storable = (time: Date): Date => (time < EARLIEST ? EARLIEST : time);

const LIVE_DATASETS = literal('(SELECT id FROM datasets WHERE deleted_at IS NULL)');

const OWNER_EMAIL = literal('(SELECT u.email FROM users u WHERE u.id = "InferenceJob"."user_id")');

/** The conditions of a filter; a condition that is not given does not filter. */
export function jobListWhere(filter: JobRowFilter): WhereOptions<InferenceJobRow> {
  const { userId, status, task, datasetId, batchId, createdAfter, createdBefore, olderThan } = filter;
  const { ids, includeDeleted = true, ownerEmailContains } = filter;
  const conditions: WhereOptions<InferenceJobRow>[] = [];
  if (ids) conditions.push({ id: [...ids] });
  if (userId) conditions.push({ userId });
  if (status && status.length > 0) conditions.push({ status: [...status] });
  if (task) conditions.push({ task });
  if (datasetId) conditions.push({ datasetId });
  if (batchId) conditions.push({ batchId });
  if (createdAfter) conditions.push({ createdAt: { [Op.gt]: storable(createdAfter) } });
  if (createdBefore) conditions.push({ createdAt: { [Op.lt]: storable(createdBefore) } });
  if (!includeDeleted) conditions.push({ datasetId: { [Op.in]: LIVE_DATASETS } });
  if (ownerEmailContains !== undefined)
    conditions.push(where(OWNER_EMAIL, { [Op.iLike]: containing(ownerEmailContains) }));
  if (olderThan) {
    const { id } = olderThan;
    const createdAt = storable(olderThan.createdAt);
    // The first condition says nothing new, but the index on age can use it.
    conditions.push({ createdAt: { [Op.lte]: createdAt } });
    conditions.push({ [Op.or]: [{ createdAt: { [Op.lt]: createdAt } }, { createdAt, id: { [Op.lt]: id } }] });
  }
  return { [Op.and]: conditions };
}
