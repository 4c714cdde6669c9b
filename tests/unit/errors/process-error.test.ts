import { AppError, isRetryable } from '../../../src/errors/app-error.js';
import { describeError, processError, receivedError } from '../../../src/errors/process-error.js';

describe('an error on its way between processes', () => {
  it('keeps its code, text and facts, and gets its kind from the table', () => {
    const sent = new AppError('VIDEO_CORRUPT', { message: 'It is cut off.', details: { present: 3 } });
    const received = receivedError(processError.parse(JSON.parse(JSON.stringify(describeError(sent)))));
    expect(received).toBeInstanceOf(AppError);
    expect(received).toMatchObject({
      code: 'VIDEO_CORRUPT',
      kind: 'invalid',
      message: 'It is cut off.',
      details: { present: 3 },
    });
  });

  it('is our mistake when its code is not in the table, and says nothing of it to users', () => {
    for (const code of ['SOMETHING_NEW', 'toString', '__proto__', '']) {
      const received = receivedError({ code, message: 'in /secret/place' });
      expect(received).toMatchObject({ code: 'BAD_ANSWER', kind: 'internal', details: { code } });
      expect(received.message).not.toContain('/secret');
    }
  });

  it('lets a job be tried again whose disk was full', () => {
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    const received = receivedError(describeError(full));
    expect(received).toMatchObject({ code: 'STORAGE_FULL', kind: 'storage_full' });
    expect(isRetryable(received)).toBe(true);
  });
});
