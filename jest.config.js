/**
 * Jest runs the compiled ESM in dist/tests: what is tested is what ships, and
 * engine children, which are forked from dist/src, are the same build. Test files
 * are loaded by Node itself, without Jest's sandbox (docs/adr/0001).
 */
export default {
  rootDir: 'dist',
  testMatch: ['<rootDir>/tests/**/*.test.js'],
  testEnvironment: '<rootDir>/tests/support/node-environment.js',
  runtime: '<rootDir>/tests/support/native-runtime.js',
  // Node's streams use it too.
  fakeTimers: { doNotFake: ['nextTick'] },
  transform: {},
  testSequencer: '<rootDir>/tests/support/test-order.js',
  globalSetup: '<rootDir>/tests/support/global-setup.js',
  globalTeardown: '<rootDir>/tests/support/global-teardown.js',
  reporters: [
    'default',
    // Of the slowest test nothing is heard for `testTimeout` at most.
    ['<rootDir>/tests/support/json-reporter.js', { silenceMs: 900_000, exitMs: 60_000 }],
  ],
  // Nobody waits for it but a test that hangs: no test may depend on the speed of the machine.
  testTimeout: 600_000,
  // One more than the two cores that the suite is meant for: many tests wait for processes and databases. A fourth gained nothing.
  maxWorkers: 3,
  workerIdleMemoryLimit: '1GB',
};
