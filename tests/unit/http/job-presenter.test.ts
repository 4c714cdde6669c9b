import { expect, test } from '@jest/globals';
import { presentProgress } from '../../../src/controllers/job.presenter.js';

const last = { done: 250, total: 250, percent: 96, stage: 'report' };

test('a COMPLETED job is shown at 100 per cent, whatever its last report said', () => {
  expect(presentProgress({ status: 'COMPLETED', progress: last })).toEqual({ ...last, percent: 100 });
});

test.each(['PENDING', 'RUNNING', 'FAILED', 'ABORTED'] as const)(
  'the progress of a %s job is shown as it is',
  (status) => {
    expect(presentProgress({ status, progress: last })).toEqual(last);
    expect(presentProgress({ status, progress: null })).toBeNull();
  },
);
