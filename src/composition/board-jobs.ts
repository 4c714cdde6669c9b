import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { BoardJob } from '../queue/queue-board.js';

/** Looks up what the queue board shows about jobs, with two queries per page. */
export function boardJobsOf({ read }: Pick<UnitOfWork, 'read'>) {
  return async (ids: readonly string[]): Promise<ReadonlyMap<string, BoardJob>> => {
    if (ids.length === 0) return new Map();
    const { rows } = await read.jobs.page({ ids }, { offset: 0, limit: ids.length });
    const owners = await read.users.findByIds([...new Set(rows.map(({ userId }) => userId))]);
    const emails = new Map(owners.map(({ id, email }) => [id, email]));
    return new Map(
      rows.map(({ id, task, status, progress, userId }) => [
        id,
        { task, status, progress, user: emails.get(userId) ?? null },
      ]),
    );
  };
}
