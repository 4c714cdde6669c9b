import { tokenProblem } from '../../../src/errors/common-errors.js';
import { AppError } from '../../../src/errors/app-error.js';
import { CredentialChanges } from '../../../src/realtime/credential-changes.js';
import { CredentialWatch } from '../../../src/realtime/credential-watch.js';

const USER = 'user-1';

describe('the credential of an open connection', () => {
  let changes: CredentialChanges;
  let ends: number;
  let watch: CredentialWatch;
  let answer: () => Promise<Date | null>;

  beforeEach(() => {
    jest.useFakeTimers();
    changes = new CredentialChanges();
    ends = 0;
    answer = () => Promise.resolve(null);
    watch = new CredentialWatch({ changes, onEnd: () => (ends += 1), onError: () => undefined });
  });
  afterEach(() => {
    watch.stop();
    jest.useRealTimers();
  });

  const begin = (expiresAt: Date | null = null) =>
    watch.watch({ userId: USER, expiresAt, check: () => answer() });
  /** Lets the checks in progress finish; no time passes. */
  const settle = () => jest.advanceTimersByTimeAsync(0);

  it('is checked as soon as one of its user changes, and ends at most once', async () => {
    begin();
    changes.changed(USER);
    await settle();
    expect(ends).toBe(0);
    answer = () => Promise.reject(tokenProblem('INVALID_API_KEY'));
    changes.changed('somebody else');
    await settle();
    expect(ends).toBe(0);
    changes.changed(USER);
    changes.changed(USER);
    await settle();
    expect(ends).toBe(1);
  });

  it('ends at once if it was revoked between its admission and the opening of the connection', async () => {
    answer = () => Promise.reject(tokenProblem('TOKEN_REVOKED'));
    begin();
    await settle();
    expect(ends).toBe(1);
  });

  it('ends when its scope is taken away, not when the database is', async () => {
    begin();
    answer = () => Promise.reject(new AppError('DATABASE_UNAVAILABLE', { message: 'gone' }));
    changes.changed(USER);
    await settle();
    expect(ends).toBe(0);
    answer = () => Promise.reject(new AppError('SCOPE_MISSING', { message: 'lacks it' }));
    changes.changed(USER);
    await settle();
    expect(ends).toBe(1);
  });

  it('is checked every 30 seconds in case a notification was lost', async () => {
    begin();
    answer = () => Promise.reject(tokenProblem('TOKEN_REVOKED'));
    await jest.advanceTimersByTimeAsync(29_000);
    expect(ends).toBe(0);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(ends).toBe(1);
  });

  it('ends with its expiry, also with one that a rotation has set meanwhile', async () => {
    begin(new Date(Date.now() + 600_000));
    answer = () => Promise.resolve(new Date(Date.now() + 5_000));
    changes.changed(USER);
    await settle();
    answer = () => Promise.resolve(new Date(Date.now() + 600_000));
    await jest.advanceTimersByTimeAsync(4_000);
    expect(ends).toBe(0);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(ends).toBe(1);
  });

  it('that is no longer watched ends nothing', async () => {
    begin();
    answer = () => Promise.reject(tokenProblem('INVALID_API_KEY'));
    changes.changed(USER);
    watch.stop();
    changes.changed(USER);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(ends).toBe(0);
  });
});
