import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** Message of a supervised process to its parent once it is ready. */
interface ReadyMessage {
  readonly type: 'ready';
  /** Base URL, for processes that listen. */
  readonly url?: string;
}

/** A process that is restarted when it exits, until it is stopped. */
export interface SupervisedProcess {
  /** Resolves with the first ready message. Rejects when the process fails at its first start. */
  readonly ready: Promise<ReadyMessage>;
  /** Sends SIGTERM, then SIGKILL after the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/** The module to run, and how. */
export interface SupervisedProcessOptions {
  readonly name: string;
  readonly modulePath: string;
  readonly args?: readonly string[];
  /** Options of Node, such as heap limits. */
  readonly execArgv?: readonly string[];
  /** Returns the environment; called at every start. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly log: (message: string) => void;
  /**
   * The process loads its modules immediately and continues when this resolves; for children that await
   * `parentsPermission`.
   */
  readonly permission?: Promise<unknown>;
}

/** Message of a parent that lets a child started in advance continue. */
interface ProceedMessage {
  readonly type: 'proceed';
}

/** Argument of children that the stack starts ahead of time. */
export const FOR_STACK = '--for-stack';

/**
 * Neither api nor worker computes, so their allocations are small and short-lived. Node's default would keep up to three
 * semi-spaces of 16 MB, most of which loading the modules fills once.
 * Not in the module of an entry: `scripts/bundle.mjs` imports them, and an entry that is loaded already does not start.
 */
export const HEAP_ARGUMENTS = ['--max-semi-space-size=1'];

const PROCEED: ProceedMessage = { type: 'proceed' };

/** In a child: waits until the parent lets it continue. Resolves immediately without a parent. */
export async function parentsPermission(signal?: AbortSignal): Promise<void> {
  if (!process.channel) return;
  await new Promise<void>((resolve, reject) => {
    const onMessage = (message: unknown) => {
      if (typeof message !== 'object' || message === null || !('type' in message)) return;
      if (message.type !== PROCEED.type) return;
      process.off('message', onMessage);
      resolve();
    };
    process.on('message', onMessage);
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/**
 * How a process ended. One that cannot be started, such as for lack of memory, emits an error instead of an
 * exit.
 */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    child.on('error', (error) => child.pid === undefined && resolve(error.message));
  });
}

/** Null for anything but a ready message, since a channel may carry any message. */
function parseReady(message: unknown): ReadyMessage | null {
  if (typeof message !== 'object' || message === null) return null;
  if (Reflect.get(message, 'type') !== 'ready') return null;
  const url: unknown = Reflect.get(message, 'url');
  return { type: 'ready', url: typeof url === 'string' ? url : undefined };
}

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 10_000;
/** A process that ran this long restarts with the initial back-off. */
const STABLE_AFTER_MS = 30_000;

/** A child process that performs one task and exits. */
export interface OneTimeProcess {
  /** Rejects when it exits with a code other than 0. */
  readonly done: Promise<void>;
  stop(): void;
}

/** Runs a module once; like supervised ones, it continues when `permission` resolves. */
export function runOnce(options: Omit<SupervisedProcessOptions, 'log'>): OneTimeProcess {
  const child = forkChild(options);
  const done = endOf(child).then((how) => {
    if (how !== 'code 0') throw new Error(`the ${options.name} ended (${how}); see the log lines above.`);
  });
  done.catch(() => undefined);
  return { done, stop: () => void child.kill('SIGKILL') };
}

function forkChild({
  modulePath,
  args = [],
  env,
  execArgv = [],
  permission,
}: Omit<SupervisedProcessOptions, 'log'>) {
  const child = fork(modulePath, args, {
    env: env(),
    execArgv: [...new Set([...process.execArgv, ...execArgv])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Ctrl-C in a terminal signals the whole process group, but the parent decides when a child ends.
    detached: true,
  });
  // Sending to a child that has just exited fails; its exit is handled.
  const grantPermission = () => child.connected && child.send(PROCEED, () => undefined);
  permission?.then(grantPermission, () => undefined);
  return child;
}

/**
 * Forks `modulePath` and restarts it whenever it exits. The child ends by itself when this process dies,
 * because its IPC channel closes.
 */
export function superviseProcess(options: SupervisedProcessOptions): SupervisedProcess {
  let child: ChildProcess | undefined;
  let stopping = false;
  let markReady: (message: ReadyMessage) => void = () => undefined;
  let giveUp: (error: Error) => void = () => undefined;
  let wasReady = false;
  const ready = new Promise<ReadyMessage>((resolve, reject) => {
    markReady = resolve;
    giveUp = reject;
  });

  const start = () => {
    const started = forkChild(options);
    child = started;
    started.on('message', (message: unknown) => {
      const ready = parseReady(message);
      if (ready === null) return;
      wasReady = true;
      markReady(ready);
    });
    return endOf(started);
  };
  // A rejection must not be unhandled while the caller is waiting for something else first.
  ready.catch(() => undefined);

  const keepAlive = async () => {
    let backoff = FIRST_BACKOFF_MS;
    while (!stopping) {
      const startedAt = Date.now();
      const how = await start();
      if (stopping) return;
      if (!wasReady) return giveUp(new Error(`the ${options.name} ended (${how}); see the log lines above.`));
      if (Date.now() - startedAt > STABLE_AFTER_MS) backoff = FIRST_BACKOFF_MS;
      options.log(`${options.name} ended (${how}); restarting in ${backoff} ms`);
      await delay(backoff);
      backoff = Math.min(backoff * 2, MAX_BACKOFF_MS);
    }
  };
  const finished = keepAlive();

  return {
    ready,
    async stop(deadlineMs) {
      stopping = true;
      child?.kill('SIGTERM');
      const late = setTimeout(() => child?.kill('SIGKILL'), deadlineMs);
      // During a back-off there is no child; the loop checks `stopping` right after it.
      if (child?.exitCode === null && child.signalCode === null) await finished;
      clearTimeout(late);
    },
  };
}
