import type { RateCountRepository } from '../domain/rate-count.js';
import { DatabaseSharedCounts } from '../services/shared-counts.js';
import type { ApiDeps } from './api-deps.js';

/** Where counts are, and for how long a request waits for them. */
export type CountDeps = Pick<ApiDeps, 'unitOfWork' | 'rateCounts' | 'countMaxWaitMs'>;

/** The counts of all api processes: in Redis where the queue is, else in the database. */
export const rateCountsOf = ({ unitOfWork, rateCounts }: CountDeps): RateCountRepository =>
  rateCounts ?? unitOfWork.read.rateCounts;

/** Counts of one kind that all api processes share. */
export const sharedCounts = (
  deps: CountDeps,
  counted: { readonly name: string; readonly windowSeconds: number },
): DatabaseSharedCounts =>
  new DatabaseSharedCounts(rateCountsOf(deps), { ...counted, maxWaitMs: deps.countMaxWaitMs });
