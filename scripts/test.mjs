/** `npm test`: sets the checkout up and runs the whole suite, or the tests named by the arguments. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { setUp } from './setup.mjs';

const root = path.resolve(import.meta.dirname, '..');
await setUp();
const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', '--enable-source-maps'];
const { status } = spawnSync(process.execPath, [...flags, jest, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
