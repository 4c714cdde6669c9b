import { fork, type ChildProcess } from 'node:child_process';
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '../../../errors/app-error.js';
import { guarded } from '../../../errors/guarded.js';
import type { InpaintingNetwork } from '../inpainting-network.js';
import { detectConfinementTools } from '../../../supervision/confinement.js';
import { residentBytes } from '../../../supervision/resident-memory.js';
import {
  fromIsolatedNetwork,
  type FromIsolatedNetwork,
  type NetworkToOpen,
  type ToIsolatedNetwork,
} from './messages.js';

/** Limits of a network in a process of its own. */
export interface IsolationLimits {
  /** Longest time that opening the network, and each run of it, may take. */
  readonly timeoutMs: number;
  /** Resident memory at which the process is ended; a quarter of the machine's, and at least 2 GiB, unless given. */
  readonly maxRssBytes?: number;
}

/** The time limit unless a setting says otherwise. */
const DEFAULT_TIMEOUT_MS = 120_000;
const MEMORY_CHECK_MS = 500;
const SMALLEST_MEMORY_LIMIT = 2 * 2 ** 30;
const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

/** The answer that is waited for. */
interface Waiting {
  resolve(answer: FromIsolatedNetwork): void;
  reject(error: unknown): void;
}

/**
 * Opens an inpainting network in a process of its own. Networks that people install may hang, crash or need any amount
 * of memory, and no run can be interrupted: their process is ended then, and every later run rejects with the same error.
 * Releasing the lease ends the process too.
 *
 * @throws AppError of `openInpaintingNetwork`, `INPAINTING_TIMEOUT`, `RESOURCE_LIMIT` (final), `ENGINE_DIED` (unavailable);
 * the reason of `signal`. The runs throw the same.
 */
export async function openIsolatedNetwork(
  network: NetworkToOpen,
  limits: Partial<IsolationLimits>,
  signal: AbortSignal,
): Promise<InpaintingNetwork> {
  signal.throwIfAborted();
  const child = new NetworkProcess(network.id, limits);
  const answer = await child.ask({ type: 'open', network }, signal).catch(async (error: unknown) => {
    await child.end(error);
    throw error;
  });
  if (answer.type !== 'opened') throw badAnswer(network.id, answer.type);
  const { device, identity, size } = answer.opened;
  return {
    lease: { device, identity, release: () => void child.end(released(network.id)) },
    size,
    run: async (picture, hole, signal) => {
      const filled = await child.ask({ type: 'run', picture, hole }, signal);
      if (filled.type !== 'filled') throw badAnswer(network.id, filled.type);
      picture.data.set(filled.data);
    },
  };
}

/** The process of one network, as its engine sees it: asked one thing at a time. */
class NetworkProcess {
  readonly #id: string;
  readonly #limits: IsolationLimits & { readonly maxRssBytes: number };
  readonly #child: ChildProcess;
  /** Settles when the process is gone. */
  readonly #exited: Promise<void>;
  #waiting: Waiting | undefined;
  #ended: { readonly reason: unknown } | undefined;

  constructor(id: string, { timeoutMs = DEFAULT_TIMEOUT_MS, maxRssBytes }: Partial<IsolationLimits>) {
    this.#id = id;
    this.#limits = { timeoutMs, maxRssBytes: maxRssBytes ?? Math.max(SMALLEST_MEMORY_LIMIT, totalmem() / 4) };
    this.#child = startChild();
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => (this.#gone(signal ?? `code ${String(code)}`), resolve()));
      this.#child.once('error', (error) => (this.#gone(error.message), resolve()));
    });
    this.#child.on('error', () => undefined);
    const misunderstood = (error: unknown): void => void this.end(badAnswer(id, messageOf(error)));
    this.#child.on(
      'message',
      guarded(misunderstood, (message: unknown) => this.#settle(fromIsolatedNetwork.parse(message))),
    );
  }

  /** Waits for the answer; the process is ended at the limits and by `signal`. */
  async ask(message: ToIsolatedNetwork, signal?: AbortSignal): Promise<FromIsolatedNetwork> {
    if (this.#ended !== undefined) throw this.#ended.reason;
    const onAbort = (): void => void this.end(signal?.reason);
    const { timeoutMs } = this.#limits;
    const overdue = setTimeout(() => void this.end(tooSlow(this.#id, timeoutMs)), timeoutMs);
    const memory = setInterval(() => this.#checkMemory(), MEMORY_CHECK_MS);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise<FromIsolatedNetwork>((resolve, reject) => {
        this.#waiting = { resolve, reject };
        // A closed channel is reported by the exit event, which knows more.
        if (this.#child.connected) this.#child.send(message, () => undefined);
      });
    } finally {
      clearTimeout(overdue);
      clearInterval(memory);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Ends the process; a question without an answer is rejected with the first reason once it is gone. */
  async end(reason: unknown): Promise<void> {
    this.#ended ??= { reason };
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #settle(answer: FromIsolatedNetwork): void {
    if (this.#ended !== undefined) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (answer.type === 'failed') waiting?.reject(new AppError(answer.error));
    else waiting?.resolve(answer);
  }

  #gone(how: string): void {
    this.#ended ??= { reason: died(this.#id, how) };
    this.#waiting?.reject(this.#ended.reason);
    this.#waiting = undefined;
  }

  /** While a network runs, its process cannot speak: the kernel is asked. */
  #checkMemory(): void {
    const { pid } = this.#child;
    const bytes = pid === undefined ? null : residentBytes(pid);
    const { maxRssBytes } = this.#limits;
    if (bytes !== null && bytes > maxRssBytes) void this.end(tooLarge(this.#id, maxRssBytes));
  }
}

function startChild(): ChildProcess {
  const guard = detectConfinementTools().setpriv ? ['setpriv', '--pdeathsig', 'KILL', '--'] : [];
  const [command, ...before] = [...guard, process.execPath];
  // execArgv is replaced: a debugger's port and loader flags of this process are not the child's.
  return fork(CHILD, [], {
    execPath: command,
    execArgv: before,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
}

/** Final: the same picture would take as long again. */
function tooSlow(id: string, limitMs: number): AppError {
  const message = `Network ${id} did not answer within ${String(limitMs / 1000)} s and was stopped.`;
  return new AppError({ code: 'INPAINTING_TIMEOUT', kind: 'too_large', message });
}

/** Final: the same picture would need as much again. */
function tooLarge(id: string, limitBytes: number): AppError {
  const message = `Network ${id} needed more memory than ${String(Math.round(limitBytes / 2 ** 20))} MiB and was stopped.`;
  return new AppError({ code: 'RESOURCE_LIMIT', kind: 'too_large', message });
}

const died = (id: string, how: string): AppError =>
  new AppError({
    code: 'ENGINE_DIED',
    kind: 'unavailable',
    message: `The process of network ${id} ended (${how}).`,
  });

const badAnswer = (id: string, what: string): AppError =>
  new AppError({
    code: 'BAD_ANSWER',
    kind: 'internal',
    message: `The process of network ${id} gave an answer that was not understood: ${what}`,
  });

const released = (id: string): Error => new Error(`Network ${id} was released.`);
