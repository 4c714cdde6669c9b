import { fork, type ChildProcess } from 'node:child_process';
import { AppError } from '../errors/app-error.js';

/** What of an AppError crosses the wire. */
export type ErrorFacts = Pick<AppError, 'code' | 'kind' | 'message' | 'details'>;

/** What a child that decodes users' files answers to one order. */
export type ChildAnswer<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: ErrorFacts };

/** Starts a child; it gets no settings and no secrets, since it decodes other people's files. */
export function startDecodingChild(entry: string): ChildProcess {
  const child = fork(entry, [], { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  // Between two orders nobody else listens.
  child.on('error', () => undefined);
  // An idle child must not keep its parent alive.
  child.unref();
  child.channel?.unref();
  return child;
}

/** What the child answers to an order; `lost` when it ends instead or says something else. */
export function askChild<Value>(
  child: ChildProcess,
  order: object,
  { lost, isValue }: { readonly lost: ErrorFacts; readonly isValue: (value: unknown) => value is Value },
): Promise<ChildAnswer<Value>> {
  const fallback: ChildAnswer<Value> = { ok: false, error: lost };
  return new Promise((resolve) => {
    const settle = (answer: ChildAnswer<Value>): void => {
      child.off('exit', onExit).off('error', onExit).off('message', onMessage);
      resolve(answer);
    };
    // The child decodes other people's files: what it says may be anything.
    const onMessage = (message: unknown): void => settle(parseAnswer(message, isValue) ?? fallback);
    const onExit = (): void => settle(fallback);
    // A process that cannot be started, for want of memory say, has no exit.
    child.once('exit', onExit).once('error', onExit).once('message', onMessage);
    child.send(order, (error) => {
      if (error) settle(fallback);
    });
  });
}

function parseAnswer<Value>(
  message: unknown,
  isValue: (value: unknown) => value is Value,
): ChildAnswer<Value> | null {
  if (typeof message !== 'object' || message === null) return null;
  if (Reflect.get(message, 'ok') === true) {
    const value: unknown = Reflect.get(message, 'value');
    return isValue(value) ? { ok: true, value } : null;
  }
  const error: unknown = Reflect.get(message, 'error');
  return typeof error === 'object' && error !== null ? { ok: false, error: error as ErrorFacts } : null;
}

/** In the child: answers each order with what `work` finds; ends with its parent. */
export function answerOrders<Order, Value>(work: (order: Order) => Promise<Value>, fault: ErrorFacts): void {
  process.on('message', (order: Order) => {
    void answerOf(() => work(order), fault).then((answer) => process.send?.(answer));
  });
  process.on('disconnect', () => process.exit(0));
}

async function answerOf<Value>(work: () => Promise<Value>, fault: ErrorFacts): Promise<ChildAnswer<Value>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    // What is no finding about the file is a fault of ours; its text could name paths.
    const { code, kind, message, details } = error instanceof AppError ? error : fault;
    return { ok: false, error: { code, kind, message, details } };
  }
}
