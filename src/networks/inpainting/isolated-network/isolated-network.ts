import { receivedError } from '../../../errors/process-error.js';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../../errors/app-error.js';
import { networkMemoryLimit } from '../../runtime/network-memory.js';
import type { InpaintingNetwork } from '../inpainting-network.js';
import { describeEnd } from '../../../supervision/child-end.js';
import { nodeProgram } from '../../../supervision/child-program.js';
import { minimalEnvironment } from '../../../supervision/minimal-environment.js';
import { SupervisedChild } from '../../../supervision/supervised-child.js';
import type { Waiter } from '../../../supervision/waiters.js';
import {
  fromIsolatedNetwork,
  type FromIsolatedNetwork,
  type NetworkToOpen,
  type ToIsolatedNetwork,
} from './messages.js';

/** Limits of a network in a separate process. */
export interface IsolationLimits {
  /** Time limit for opening the network and for each run. */
  readonly timeoutMs: number;
  /** Resident memory at which the process is killed; {@link networkMemoryLimit} by default. */
  readonly maxRssBytes?: number;
}

/** Default time limit. */
const DEFAULT_TIMEOUT_MS = 120_000;
const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

/**
 * Opens an inpainting network in a separate process. Installed networks may hang, crash or exhaust memory,
 * and a run cannot be interrupted, so the process is killed at its limits; all later runs then reject with
 * the same error. Releasing the lease also ends the process.
 * @throws AppError of `openInpaintingNetwork`, `INPAINTING_TIMEOUT`, `NETWORK_MEMORY` (final), `ENGINE_DIED`
 *   (unavailable); the reason of `signal`. The runs throw the same errors.
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
    run: async (image, hole, signal) => {
      const filled = await child.ask({ type: 'run', image, hole }, signal);
      if (filled.type !== 'filled') throw badAnswer(network.id, filled.type);
      image.data.set(filled.data);
    },
  };
}

/** The process of one network, as seen by its engine; one request at a time. */
class NetworkProcess {
  readonly #id: string;
  readonly #timeoutMs: number;
  readonly #child: SupervisedChild;
  #waiter: Waiter<FromIsolatedNetwork> | undefined;

  constructor(id: string, { timeoutMs = DEFAULT_TIMEOUT_MS, maxRssBytes }: Partial<IsolationLimits>) {
    this.#id = id;
    this.#timeoutMs = timeoutMs;
    const residentBytes = maxRssBytes ?? networkMemoryLimit();
    this.#child = new SupervisedChild({
      // Node options of this process, such as a debugger port or loaders, must not be inherited.
      program: nodeProgram(CHILD),
      env: minimalEnvironment(),
      channel: 'advanced',
      memory: { residentBytes, exceeded: () => tooLarge(id, residentBytes) },
      lost: (end) => died(id, describeEnd(end)),
      invalidMessage: (why) => badAnswer(id, why),
      onMessage: (message) => this.#settle(fromIsolatedNetwork.parse(message)),
    });
  }

  /** Waits for the answer; the process is killed at its limits and on `signal`. */
  ask(message: ToIsolatedNetwork, signal?: AbortSignal): Promise<FromIsolatedNetwork> {
    return this.#child.request<FromIsolatedNetwork>(
      (waiter) => {
        this.#waiter = waiter;
        this.#child.send(message);
      },
      { signal, timeLimit: { ms: this.#timeoutMs, exceeded: () => tooSlow(this.#id, this.#timeoutMs) } },
    );
  }

  /** Ends the process. A pending request is rejected with the first reason once the process has exited. */
  async end(reason: unknown): Promise<void> {
    await this.#child.end(reason);
  }

  #settle(answer: FromIsolatedNetwork): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (answer.type === 'failed') waiter?.reject(receivedError(answer.error));
    else waiter?.resolve(answer);
  }
}

/** A final error: a retry would take as long again. */
function tooSlow(id: string, limitMs: number): AppError {
  const message = `Network ${id} did not answer within ${String(limitMs / 1000)} s and was stopped.`;
  return new AppError('INPAINTING_TIMEOUT', { message });
}

/** A final error: a retry would need as much memory again. */
function tooLarge(id: string, limitBytes: number): AppError {
  const message = `Network ${id} needed more memory than ${String(Math.round(limitBytes / 2 ** 20))} MiB and was stopped.`;
  return new AppError('NETWORK_MEMORY', { message });
}

const died = (id: string, how: string): AppError =>
  new AppError('ENGINE_DIED', { message: `The process of network ${id} ended (${how}).` });

const badAnswer = (id: string, what: string): AppError =>
  new AppError('BAD_ANSWER', {
    message: `The process of network ${id} sent an invalid message: ${what}`,
  });

const released = (id: string): Error => new Error(`Network ${id} was released.`);
