import path from 'node:path';

/** The command line of Jest on the compiled tests: program, flags of Node, Jest itself. */
export const jestCommand = (root) => [
  process.execPath,
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  '--enable-source-maps',
  path.join(root, 'node_modules', 'jest', 'bin', 'jest.js'),
];
