import pg from 'pg';
import { JOB_EVENTS_CHANNEL } from '../../../src/domain/job-event.js';
import { openJob } from '../../support/contracts/harness.js';
import { openRealPersistence, type RealPersistence } from '../../support/open-persistence.js';

let real: RealPersistence;
let listener: pg.Client;
let heard: unknown[];

describe('notify', () => {
  beforeAll(async () => {
    real = await openRealPersistence();
    listener = new pg.Client({ connectionString: real.database.url });
    await listener.connect();
    listener.on('notification', ({ payload }) => heard.push(JSON.parse(payload ?? '')));
    await listener.query(`LISTEN ${JOB_EVENTS_CHANNEL}`);
  });
  beforeEach(() => {
    heard = [];
  });
  afterAll(async () => {
    await listener.end();
    await real.close();
  });

  /** Notifications are delivered before the answer to the listener's next query. */
  const deliver = () => listener.query('SELECT 1');

  it('listeners are notified of an event when it is committed, not before', async () => {
    const { id: jobId, userId } = await openJob(real);
    await real.unitOfWork.run(async ({ jobs }) => {
      await jobs.appendEvent(jobId, 'status', { status: 'RUNNING', attempt: 1 });
      await jobs.appendEvent(jobId, 'status', { status: 'PENDING', attempt: 1 });
      await deliver();
      expect(heard).toEqual([]);
    });
    await deliver();
    expect(heard).toEqual([
      { jobId, userId, seq: 1 },
      { jobId, userId, seq: 2 },
    ]);
  });

  it('listeners are never notified of an event that was rolled back', async () => {
    const { id } = await openJob(real);
    const failing = real.unitOfWork.run(async ({ jobs }) => {
      await jobs.appendEvent(id, 'status', { status: 'RUNNING', attempt: 1 });
      throw new Error('roll back');
    });
    await expect(failing).rejects.toThrow('roll back');
    await deliver();
    expect(heard).toEqual([]);
  });

  it('an event outside a transaction is refused: its number and its row could part', async () => {
    const { id } = await openJob(real);
    const { jobs } = real.unitOfWork.read;
    await expect(jobs.appendEvent(id, 'status', { status: 'RUNNING', attempt: 1 })).rejects.toThrow(
      'transaction',
    );
    expect(await jobs.findById(id)).toMatchObject({ seq: 0 });
  });
});
