import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { FLOW } from '../../scripts/postman/flow.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

const run = promisify(execFile);
const newman = createRequire(import.meta.url).resolve('newman/bin/newman.js');
let folder: string;
let stack: RunningStack;
let database: TestDatabase;

describe('postman', () => {
  beforeAll(async () => {
    folder = await makeStackFolder('infernode-postman-');
    database = await createTestDatabase();
    stack = await startRunningStack(path.join(folder, 'data'), { DATABASE_URL: database.url });
  });
  afterAll(async () => {
    stack.process.kill('SIGTERM');
    await stack.exited;
    await database.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('newman runs the collection from registration to deletion without a failure', async () => {
    const values = { baseUrl: stack.url, adminEmail: 'admin@example.com', adminPassword: 'admin password' };
    const { stdout } = await run(
      process.execPath,
      [
        newman,
        'run',
        path.resolve('postman', 'InferNode Inpainting.postman_collection.json'),
        ...['-e', path.resolve('postman', 'InferNode local.postman_environment.json')],
        ...['--working-dir', path.resolve('.'), '--delay-request', '100', '--color', 'off'],
        ...Object.entries(values).flatMap(([key, value]) => ['--env-var', `${key}=${value}`]),
      ],
      // An exit code other than 0, which is a failed request or check, rejects.
      { maxBuffer: 16 * 1024 * 1024 },
    );
    for (const { name } of FLOW.flatMap(({ steps }) => steps)) expect(stdout).toContain(`↳ ${name}`);
    expect(stdout).not.toMatch(/#\s+failure/);
  });
});
