import { once } from 'node:events';
import { describeEnd } from '../../../src/supervision/child-end.js';
import { detectConfinementTools } from '../../../src/supervision/confinement.js';
import { minimalEnvironment } from '../../../src/supervision/minimal-environment.js';
import { SupervisedChild, type SupervisedChildOptions } from '../../../src/supervision/supervised-child.js';
import { untilGone, untilGoneWithParent } from '../../support/killed-parent.js';

const MEBIBYTE = 2 ** 20;
const started: SupervisedChild[] = [];
afterEach(() => Promise.all(started.splice(0).map((child) => child.end(new Error('The test is over.')))));

/** A Node process that runs `script`. */
function run(script: string, more: Partial<SupervisedChildOptions> = {}): SupervisedChild {
  const child = new SupervisedChild({
    program: { command: process.execPath, args: ['-e', script] },
    env: minimalEnvironment(),
    channel: 'json',
    lost: (end) => new Error(`lost: ${describeEnd(end)}`),
    ...more,
  });
  started.push(child);
  return child;
}

const ECHO = "process.on('message', (message) => process.send(message));";
const ENDLESS =
  "process.on('SIGTERM', () => undefined); process.send('ready'); setImmediate(() => { for (;;); });";
/** Up to 2 GiB, should nobody stop it. */
const ALLOCATES =
  'const kept = []; setInterval(() => kept.length < 32 && kept.push(new Uint8Array(2 ** 26).fill(1)), 1);';
const forEver = (child: SupervisedChild): Promise<never> => child.wait<never>(() => undefined);

/** A child that answers, next to one that misbehaves. */
function sibling() {
  let take: (message: unknown) => void = () => undefined;
  const child = run(ECHO, { onMessage: (message) => take(message) });
  return () =>
    child.wait((waiter) => {
      take = waiter.resolve;
      child.send({ still: 'here' });
    });
}

describe('what waits for a child', () => {
  it('is settled when the child is killed from outside, and so is what comes later', async () => {
    const child = run(ECHO);
    const waiting = [forEver(child), forEver(child)];
    process.kill(child.pid ?? 0, 'SIGKILL');
    for (const one of waiting) await expect(one).rejects.toThrow('lost: SIGKILL');
    await expect(forEver(child)).rejects.toThrow('lost: SIGKILL');
    expect(child.usable).toBe(false);
  });

  it('is settled when the child ends by itself, leaves its channel, or was never there', async () => {
    await expect(forEver(run('process.exit(3)'))).rejects.toThrow('lost: code 3');
    const gone = { command: '/nonexistent/program', args: [] };
    const confinement = { setpriv: false, prlimit: false };
    await expect(forEver(run('', { program: gone, confinement }))).rejects.toThrow('ENOENT');
  });

  it('gets the reason of the first who ended the child, once the process is gone', async () => {
    const child = run(ECHO);
    const waiting = forEver(child);
    void child.end(new Error('first'));
    void child.end(new Error('second'));
    await expect(waiting).rejects.toThrow('first');
    await untilGone(child.pid ?? 0);
  });

  it('is rejected when the child says what nobody understands', async () => {
    const child = run("process.send('nonsense')", {
      onMessage: () => {
        throw new TypeError('no such message');
      },
      invalidMessage: (why) => new Error(`invalidMessage: ${why}`),
    });
    await expect(forEver(child)).rejects.toThrow('invalidMessage: no such message');
  });
});

describe('limits', () => {
  it('end a child that computes without end and ignores SIGTERM', async () => {
    const child = run(ENDLESS, { onMessage: () => deaf() });
    let deaf: () => void = () => undefined;
    const ready = new Promise<void>((resolve) => (deaf = resolve));
    const answer = sibling();
    await ready;
    const bounds = { timeLimit: { ms: 1, exceeded: () => new Error('too slow') }, graceMs: 100 };
    await expect(child.request<never>(() => undefined, bounds)).rejects.toThrow('too slow');
    expect(await child.ended).toMatchObject({ exitSignal: 'SIGKILL' });
    expect(await answer()).toEqual({ still: 'here' });
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('end a child that takes memory without end, whether the kernel or the parent sees it', async () => {
    const answer = sibling();
    const memory = { residentBytes: 300 * MEBIBYTE, exceeded: () => new Error('too large') };
    await expect(forEver(run(ALLOCATES, { memory }))).rejects.toThrow('too large');
    if (detectConfinementTools().prlimit) {
      const limits = { dataBytes: 500 * MEBIBYTE };
      const refused = run(ALLOCATES, { limits });
      await expect(forEver(refused)).rejects.toThrow('lost: ');
      expect((await refused.ended).stderr).toMatch(/allocation failed/i);
    }
    expect(await answer()).toEqual({ still: 'here' });
  });

  it('keep the last of what it writes to stderr', async () => {
    const child = run("process.stderr.write('x'.repeat(100_000) + 'the end')", { stderrKeptBytes: 10 });
    expect((await child.ended).stderr).toBe('xxxthe end');
  });
});

describe('a child', () => {
  it('gets what its runtime needs of the environment, and no secret under any name', async () => {
    const source = {
      PATH: '/bin',
      VK_ICD_FILENAMES: '/icd',
      SMTP_PASS: 'x',
      DATABASE_URL: 'x',
      CUDA_TOKEN: 'x',
    };
    expect(minimalEnvironment(source)).toEqual({ PATH: '/bin', VK_ICD_FILENAMES: '/icd' });
    process.env.SMTP_PASS = 'hunter2';
    const child = run('console.log(JSON.stringify(process.env))', { stdout: 'pipe', channel: undefined });
    delete process.env.SMTP_PASS;
    if (child.stdout === null) throw new Error('no pipe');
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    expect(text.toString()).toContain('PATH');
    expect(text.toString()).not.toContain('hunter2');
  });

  it('is killed with its own children', async () => {
    let grandchild = 0;
    const script = `process.send(require('node:child_process').spawn('sleep', ['600'], { stdio: 'ignore' }).pid);`;
    const child = run(script + ENDLESS, {
      ownGroup: true,
      onMessage: (message) => typeof message === 'number' && (grandchild = message),
    });
    while (grandchild === 0) await new Promise((resolve) => setImmediate(resolve));
    await child.end(new Error('enough'));
    await untilGone(grandchild);
  });

  (detectConfinementTools().setpriv ? it : it.skip)('ends with its parent, however busy it is', async () => {
    const module = new URL('../../../src/supervision/supervised-child.js', import.meta.url).href;
    await untilGoneWithParent(`
        const { SupervisedChild } = await import(${JSON.stringify(module)});
        const child = new SupervisedChild({
          program: { command: process.execPath, args: ['-e', ${JSON.stringify(ENDLESS)}] },
          env: {}, channel: 'json', lost: () => new Error(),
          onMessage: () => console.log(child.pid),
        });`);
  });
});
