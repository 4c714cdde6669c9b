import path from 'node:path';

/** The command line that runs Jest on the compiled tests. */
export const jestCommand = (root) => [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
];
