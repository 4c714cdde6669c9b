import { parseEnvironment } from '../../../src/config/environment.js';

describe('durations', () => {
  it('tokens may last longer than a timer can wait, waiting may not', () => {
    expect(parseEnvironment({ JWT_EXPIRATION: '90d' }).JWT_EXPIRATION).toBe(90 * 24 * 3600);
    expect(() => parseEnvironment({ JWT_EXPIRATION: '4000d' })).toThrow(
      'JWT_EXPIRATION: must be at most 3650d',
    );
    expect(() => parseEnvironment({ JOB_TIMEOUT: '25d' })).toThrow('JOB_TIMEOUT: must be at most 24d');
    expect(() => parseEnvironment({ STARTUP_TIMEOUT: '25d' })).toThrow(
      'STARTUP_TIMEOUT: must be at most 24d',
    );
  });
});
