import { presentProgress } from '../../../src/controllers/job.presenter.js';

const last = { done: 250, total: 250, percent: 96, stage: 'report' };

describe('job presenter', () => {
  it('a COMPLETED job is shown as all done, whatever its last report said', () => {
    const halfway = { ...last, done: 0, percent: 50 };
    for (const progress of [last, halfway])
      expect(presentProgress({ status: 'COMPLETED', progress })).toMatchObject({
        done: 250,
        total: 250,
        percent: 100,
      });
  });

  it.each(['PENDING', 'RUNNING', 'FAILED', 'ABORTED'] as const)(
    'the progress of a %s job is shown as it is',
    (status) => {
      expect(presentProgress({ status, progress: last })).toEqual(last);
      expect(presentProgress({ status, progress: null })).toBeNull();
    },
  );
});
