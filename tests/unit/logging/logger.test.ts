import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../../../src/errors/app-error.js';
import { withLogContext } from '../../../src/logging/log-context.js';
import { createLogger } from '../../../src/logging/logger.js';

const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

describe('logs', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-logs-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = (level: 'info' | 'debug' = 'info') =>
    createLogger({ process: 'api', level, directory: folder, console: 'none' });

  async function linesOf(pattern: RegExp): Promise<Record<string, unknown>[]> {
    const names = (await readdir(folder)).filter((name) => pattern.test(name));
    const texts = await Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')));
    return texts
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits until as many lines have reached the disk. */
  async function written(pattern: RegExp, count: number): Promise<Record<string, unknown>[]> {
    for (;;) {
      const lines = await linesOf(pattern);
      if (lines.length >= count) return lines;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  const linux = process.platform === 'linux' ? it : it.skip;
  linux('a file goes on after its disk was full', async () => {
    const now = new Date();
    const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()]
      .map((part) => String(part).padStart(2, '0'))
      .join('-');
    const file = path.join(folder, `api-${day}.log`);
    // Every write to it fails as on a full disk.
    await symlink('/dev/full', file);
    const log = createLogger({
      process: 'api',
      level: 'info',
      directory: folder,
      console: 'none',
      reopenMs: 1,
    });
    log.info('lost');
    await new Promise((resolve) => setImmediate(resolve));
    await rm(file);
    let lines: Record<string, unknown>[] = [];
    while (lines.length === 0) {
      log.info('kept');
      await new Promise((resolve) => setImmediate(resolve));
      lines = await linesOf(/^api-\d/);
    }
    expect(lines[0]).toMatchObject({ message: 'kept' });
    await log.close();
  });

  it('what came from outside neither steers a terminal nor forges a line', async () => {
    const evil = 'x\u001b[2J\u009b31m\u202e\u2028\r\n12:00:00 error forged';
    const log = open();
    log.warn(evil, { name: evil, err: new Error(evil) });
    const [line] = await written(/^api-\d/, 1);
    expect([line.message, line.name]).toEqual([evil, evil]);
    await log.close();
    const file = (await readdir(folder)).find((name) => /^api-\d/.test(name)) ?? '';
    expect(await readFile(path.join(folder, file), 'utf8')).not.toMatch(/[^\P{Cc}\n]|[\u2028\u202e]/u);
  });

  it('lines carry the ids of the request and the job they belong to; job lines are kept apart too', async () => {
    const log = open();
    withLogContext({ requestId: 'r-1' }, () => {
      log.child({ component: 'http' }).info('Answered');
      withLogContext({ jobId: 'j-1' }, () => log.info('Claimed'));
    });
    log.info('Started');
    const all = await written(/^api-\d{4}-\d\d-\d\d\.log$/, 3);
    expect(all).toMatchObject([
      { message: 'Answered', component: 'http', requestId: 'r-1' },
      { message: 'Claimed', requestId: 'r-1', jobId: 'j-1' },
      { message: 'Started' },
    ]);
    expect(all[2].requestId).toBeUndefined();
    expect((await written(/^api-jobs-/, 1)).map(({ message }) => message)).toEqual(['Claimed']);
    await log.close();
  });

  it('an outage is said once a server: what is said of the database hides nothing of Redis', async () => {
    const log = createLogger({
      process: 'api',
      level: 'info',
      directory: folder,
      console: 'none',
      redisPort: 6379,
    });
    const refused = (port: number) =>
      Object.assign(new Error(`connect ECONNREFUSED 127.0.0.1:${port}`), { code: 'ECONNREFUSED', port });
    const terminated = Object.assign(new Error('terminating connection'), { code: '57P01' });
    log.warn('The listener reports an error.', { err: terminated });
    log.warn('The pool reports an error.', { err: refused(5432) });
    log.warn('A connection to Redis reports an error.', { err: refused(6379) });
    log.warn('The queue reports an error.', { err: refused(6379) });
    log.warn('Something else.', { err: new Error('odd') });
    const lines = await written(/^api-\d{4}-\d\d-\d\d\.log$/, 3);
    expect(lines.map(({ message }) => message)).toEqual([
      'The listener reports an error: terminating connection.',
      'A connection to Redis reports an error: connect ECONNREFUSED 127.0.0.1:6379.',
      'Something else.',
    ]);
    await log.close();
  });

  it('what repositories make of an outage is said without a stack', async () => {
    const log = open();
    const err = new AppError('DATABASE_UNAVAILABLE', { message: 'The database cannot be reached.' });
    log.warn('Connections could not be registered.', { err });
    log.warn('The presence could not be read.', { err });
    log.warn('Something else.', {});
    const lines = await written(/^api-\d{4}-\d\d-\d\d\.log$/, 2);
    expect(lines.map(({ message, err: logged }) => [message, logged])).toEqual([
      ['Connections could not be registered: The database cannot be reached.', undefined],
      ['Something else.', undefined],
    ]);
    await log.close();
  });

  it('no password, token or signed link reaches the file, wherever it hides', async () => {
    const log = open();
    const cause = new Error(`upstream said Bearer ${TOKEN}`);
    log.info(`Token ${TOKEN} came`, {
      password: 'hunter2',
      headers: { Authorization: `Bearer ${TOKEN}`, cookie: 'infernode_admin=secret-cookie' },
      url: '/x?signature=secret-signature&user=1',
      err: new AppError('INTERNAL', { message: 'broke', details: { token: TOKEN }, cause }),
    });
    const [line] = await written(/^api-\d/, 1);
    const text = JSON.stringify(line);
    for (const secret of ['hunter2', TOKEN, 'secret-cookie', 'secret-signature'])
      expect(text).not.toContain(secret);
    expect(line).toMatchObject({
      url: expect.stringContaining('user=1'),
      err: { code: 'INTERNAL', message: 'broke' },
    });
    await log.close();
  });

  it('micro-credits, bytes and circles can be logged', async () => {
    const log = open();
    const circle: Record<string, unknown> = { amount: 5n, data: Buffer.alloc(9) };
    circle.self = circle;
    log.info('Odd values', circle);
    expect((await written(/^api-\d/, 1))[0]).toMatchObject({ amount: '5', data: '[9 bytes]' });
    await log.close();
  });
});
