import { EventEmitter } from 'node:events';
import { Shutdown } from '../../../src/lifecycle/shutdown.js';
import { silentLogger } from '../../../src/logging/logger.js';

const DEADLINE_MS = 30_000;

function rig() {
  const exits: number[] = [];
  const order: string[] = [];
  const shutdown = new Shutdown({
    deadlineMs: DEADLINE_MS,
    log: silentLogger,
    exit: (code) => exits.push(code),
  });
  return { exits, order, shutdown };
}

describe('shutdown', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('steps run one after another in the order in which they were added, once', async () => {
    const { exits, order, shutdown } = rig();
    shutdown.add('slow', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('slow');
    });
    shutdown.add('fast', async () => void order.push('fast'));

    await Promise.all([shutdown.begin('test'), shutdown.begin('again')]);

    expect(order).toEqual(['slow', 'fast']);
    expect(exits).toEqual([0]);
  });

  it('a step that fails does not keep the next from running; the exit code tells', async () => {
    const { exits, order, shutdown } = rig();
    shutdown.add('broken', () => Promise.reject(new Error('no')));
    shutdown.add('last', async () => void order.push('last'));

    await shutdown.begin('test');

    expect(order).toEqual(['last']);
    expect(exits).toEqual([1]);
  });

  it('a shutdown that takes too long is cut off with code 1', async () => {
    jest.useFakeTimers();
    const { exits, shutdown } = rig();
    shutdown.add('stuck', () => new Promise(() => undefined));

    void shutdown.begin('test');
    await jest.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    const before = [...exits];
    await jest.advanceTimersByTimeAsync(1);

    expect(before).toEqual([]);
    expect(exits).toEqual([1]);
  });

  it('the first signal begins the shutdown, a later second one ends the process at once', async () => {
    jest.useFakeTimers();
    const { exits, shutdown } = rig();
    const signals = new EventEmitter();
    shutdown.add('stuck', () => new Promise(() => undefined));
    shutdown.listen(signals);

    signals.emit('SIGTERM');
    await Promise.resolve();
    // The same Ctrl-C, passed on by npm.
    signals.emit('SIGINT');
    const afterFirst = [...exits];
    await jest.advanceTimersByTimeAsync(1_000);
    signals.emit('SIGTERM');

    expect(afterFirst).toEqual([]);
    expect(exits).toEqual([1]);
  });

  it('a process whose parent was killed tells its steps so and does not linger', async () => {
    jest.useFakeTimers();
    const { exits, order, shutdown } = rig();
    const parent = new EventEmitter();
    shutdown.add('jobs', async ({ orphaned }) => void order.push(orphaned ? 'given back' : 'waited for'));
    shutdown.add('a database that went with the parent', () => new Promise(() => undefined));
    shutdown.listen(parent);

    parent.emit('disconnect');
    await jest.advanceTimersByTimeAsync(5_000);

    expect(order).toEqual(['given back']);
    expect(exits).toEqual([1]);
  });
});
