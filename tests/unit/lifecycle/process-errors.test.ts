import { EventEmitter } from 'node:events';
import { guarded } from '../../../src/errors/guarded.js';
import { surviveErrors } from '../../../src/lifecycle/process-errors.js';
import { silentLogger, type LogFields } from '../../../src/logging/logger.js';

function watchedProcess() {
  const watched = Object.assign(new EventEmitter(), {
    stdout: new EventEmitter(),
    stderr: new EventEmitter(),
  });
  const logged: (LogFields | undefined)[] = [];
  surviveErrors(watched, { ...silentLogger, error: (_message, fields) => void logged.push(fields) });
  return { watched, logged };
}

describe('process errors', () => {
  it('errors and rejections that nobody handled are logged', () => {
    const { watched, logged } = watchedProcess();
    const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
    watched.emit('uncaughtException', thrown);
    watched.emit('unhandledRejection', rejected);
    expect(logged).toEqual([{ err: thrown }, { err: rejected }]);
  });

  it('a closed terminal neither throws nor is logged to itself', () => {
    const { watched, logged } = watchedProcess();
    watched.stderr.emit('error', new Error('write EPIPE'));
    watched.stdout.emit('error', new Error('write EPIPE'));
    expect(logged).toEqual([]);
  });

  it('a guarded listener gives what it throws and what it rejects with to its handler', async () => {
    const errors: unknown[] = [];
    const emitter = new EventEmitter();
    const guard = <Values extends unknown[]>(listener: (...values: Values) => unknown) =>
      guarded((error) => errors.push(error), listener);
    emitter.on(
      'text',
      guard((text: string) => JSON.parse(text)),
    );
    emitter.on(
      'text',
      guard(async (text: string) => Promise.reject(new Error(text))),
    );
    emitter.emit('text', '{nonsense');
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([expect.any(SyntaxError), new Error('{nonsense')]);
  });
});
