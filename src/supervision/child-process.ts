import { fork, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** Message of a supervised process to its parent once it serves. */
interface ReadyMessage {
  readonly type: 'ready';
  /** Base URL, for processes that listen. */
  readonly url?: string;
}

/** A process that is started again when it dies, until it is stopped. */
export interface SupervisedProcess {
  /** Resolves with the first ready message. Rejects when the process gives up at its first start. */
  readonly ready: Promise<ReadyMessage>;
  /** SIGTERM, then SIGKILL after the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

/** Which module to run and how. */
export interface SupervisedProcessOptions {
  readonly name: string;
  readonly modulePath: string;
  readonly args?: readonly string[];
  /** Options of Node itself, such as limits of its heap. */
  readonly execArgv?: readonly string[];
  /** Asked at every start. */
  readonly env: () => NodeJS.ProcessEnv;
  readonly log: (message: string) => void;
  /** The process loads its modules at once and goes on when this resolves; for children that await `parentsPermission`. */
  readonly permission?: Promise<unknown>;
}

/** Message of a parent to a child that it started in advance. */
interface ProceedMessage {
  readonly type: 'proceed';
}

/** Argument of children that the stack starts ahead of time. */
export const FOR_STACK = '--for-stack';

const PROCEED: ProceedMessage = { type: 'proceed' };

/** In a child: waits until the parent lets it go on. A process without a parent goes on at once. */
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

/** How a process ended. One that cannot be started, for want of memory say, has no exit but an error. */
function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    child.on('error', (error) => child.pid === undefined && resolve(error.message));
  });
}

/** Null for anything but a ready message: what comes over a channel may be anything. */
function parseReady(message: unknown): ReadyMessage | null {
  if (typeof message !== 'object' || message === null) return null;
  if (Reflect.get(message, 'type') !== 'ready') return null;
  const url: unknown = Reflect.get(message, 'url');
  return { type: 'ready', url: typeof url === 'string' ? url : undefined };
}

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 10_000;
/** A process that lived this long starts with a fresh back-off. */
const STABLE_AFTER_MS = 30_000;

/** A child that does one thing and ends. */
export interface OneTimeProcess {
  /** Rejects when it ends with anything but code 0. */
  readonly done: Promise<void>;
  stop(): void;
}

/** Runs a module once; it goes on when `permission` resolves, as supervised ones do. */
export function runOnce(options: Omit<SupervisedProcessOptions, 'log'>): OneTimeProcess {
  const child = forkChild(options);
  const done = endOf(child).then((how) => {
    if (how !== 'code 0') throw new Error(`the ${options.name} ended (${how}); its reason stands above.`);
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
    // Ctrl-C in a terminal goes to the whole process group: when a child ends is for its parent to say.
    detached: true,
  });
  // A child that has just died answers by its exit.
  const letGo = () => child.connected && child.send(PROCEED, () => undefined);
  permission?.then(letGo, () => undefined);
  return child;
}

/** Forks `modulePath` and keeps it alive. The child ends by itself when we die: its IPC channel closes. */
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
  // A caller that waits for something else first must not be ended by this.
  ready.catch(() => undefined);

  const keepAlive = async () => {
    let backoff = FIRST_BACKOFF_MS;
    while (!stopping) {
      const startedAt = Date.now();
      const how = await start();
      if (stopping) return;
      if (!wasReady) return giveUp(new Error(`the ${options.name} ended (${how}); its reason stands above.`));
      if (Date.now() - startedAt > STABLE_AFTER_MS) backoff = FIRST_BACKOFF_MS;
      options.log(`${options.name} ended (${how}); starting it again in ${backoff} ms`);
      await delay(backoff);
      backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
    }
  };
  const finished = keepAlive();

  return {
    ready,
    async stop(deadlineMs) {
      stopping = true;
      child?.kill('SIGTERM');
      const late = setTimeout(() => child?.kill('SIGKILL'), deadlineMs);
      // While a back-off runs there is no child; the loop sees `stopping` right after it.
      if (child?.exitCode === null && child.signalCode === null) await finished;
      clearTimeout(late);
    },
  };
}
