import { Op } from 'sequelize';
import { JOB_EVENTS_CHANNEL } from '../domain/job-event.js';
import type { JobEventRow } from '../models/job-event.model.js';
import { Dao } from './dao.js';

export type { JobEventRow } from '../models/job-event.model.js';

/** Table `job_events`. */
export class JobEventDao extends Dao {
  async insert(row: Omit<JobEventRow, 'createdAt'>): Promise<JobEventRow> {
    const event = await this.models.jobEvents.create(row, { transaction: this.requireTransaction() });
    return event.get({ plain: true });
  }

  /**
   * Wakes listeners at commit with only the event's key: NOTIFY payloads are limited to 8000 bytes, and
   * listeners read the row anyway.
   */
  async notify({ jobId, userId, seq }: Pick<JobEventRow, 'jobId' | 'userId' | 'seq'>): Promise<void> {
    await this.rows('SELECT pg_notify($channel, $message)', {
      channel: JOB_EVENTS_CHANNEL,
      message: JSON.stringify({ jobId, userId, seq }),
    });
  }

  /** Events with a number greater than `after`, in ascending order. */
  async listAfter(jobId: string, after: number): Promise<JobEventRow[]> {
    const events = await this.models.jobEvents.findAll({
      where: { jobId, seq: { [Op.gt]: after } },
      order: [['seq', 'ASC']],
      transaction: this.transaction,
    });
    return events.map((event) => event.get({ plain: true }));
  }
}
