import { fileURLToPath } from 'node:url';
import type { ServoFrame, ServoGoalSource, ServoResult, ServoSetup } from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { receivedError } from '../../errors/process-error.js';
import { describeEnd, type ChildEnd } from '../../supervision/child-end.js';
import { bundledModule } from '../../supervision/bundled-module.js';
import { nodeProgram } from '../../supervision/child-program.js';
import { badAnswer } from '../../supervision/engine-errors.js';
import { SupervisedChild, type RequestBounds } from '../../supervision/supervised-child.js';
import type { Waiter } from '../../supervision/waiters.js';
import {
  fromServoEngine,
  type EngineSurroundings,
  type FromServoEngine,
  type OptimisedGraph,
  type KnownGoal,
  type OpenedSession,
  type ToServoEngine,
} from './protocol.js';

/** Start options and limits of one servo engine. */
export interface ServoEngineProcessOptions {
  /** Environment of the child; it must hold no secrets. */
  readonly env: NodeJS.ProcessEnv;
  readonly surroundings: EngineSurroundings;
  /** Resident memory at which the child is killed. */
  readonly maxRssBytes: number;
  /** Milliseconds that setting up a goal may take. */
  readonly goalTimeoutMs: number;
  /** Milliseconds that a frame may take. */
  readonly frameTimeoutMs: number;
  /** Module of the child, instead of the product's. */
  readonly module?: string;
  readonly onStderr: (text: string) => void;
  /** Receives the graphs that the engine optimised before it had a session: no user's image has been decoded there. */
  readonly onGraphs?: (graphs: readonly OptimisedGraph[]) => void;
}

/** A message but for its number. */
type Request<Message> = Message extends { readonly id: number } ? Omit<Message, 'id'> : never;

/** How a goal is set up. */
interface OpenGoalOptions {
  readonly signal?: AbortSignal;
  /** Whether the goal's frame of a video is returned as an image. */
  readonly goalImage?: boolean;
}

interface Asked {
  readonly request: Request<ToServoEngine>;
  readonly bytes?: Uint8Array;
}

/**
 * Most of what a frame allocates is garbage when the next one comes: with 16 MB for new objects from the start, little is
 * collected while the engine starts, and a collection follows every fifth frame instead of every second. Helper threads
 * would compete with the sessions on other cores. Functions are optimised fifteen times later than by default until some
 * frames are answered: optimising them while the first frame is computed would take as long as the frame.
 * @public `scripts/bundle.mjs` compiles the code of the bundles with them.
 */
export const HEAP_ARGUMENTS = [
  '--min-semi-space-size=16',
  '--max-semi-space-size=16',
  '--heap-growing-percent=10',
  '--single-threaded-gc',
  '--interrupt-budget=1000000',
];

const ENGINE_MODULE = fileURLToPath(new URL('./main.js', import.meta.url));

/** One servo engine as its parent sees it: one request at a time. It may be killed at any moment. */
export class ServoEngineProcess {
  readonly #options: ServoEngineProcessOptions;
  readonly #child: SupervisedChild;
  /** Settles when the process is gone. */
  readonly exited: Promise<unknown>;
  /** Settles when the process has loaded its modules, or is gone. */
  readonly ready: Promise<unknown>;
  #isReady: () => void = () => undefined;
  #isPrepared: () => void = () => undefined;
  #waiting: { readonly id: number; readonly waiter: Waiter<FromServoEngine> } | undefined;
  #nextId = 1;
  #sessions = 0;
  #reportedBytes = 0;

  constructor(options: ServoEngineProcessOptions) {
    this.#options = options;
    this.#child = new SupervisedChild({
      program: nodeProgram(options.module ?? bundledModule(ENGINE_MODULE), { execArgv: HEAP_ARGUMENTS }),
      env: options.env,
      channel: 'socket',
      // One signal reaches the decoder of a goal's video too, and Ctrl-C in a terminal reaches only the parent.
      ownGroup: true,
      memory: { residentBytes: options.maxRssBytes, exceeded: () => memoryLimit(options.maxRssBytes) },
      lost: servoEngineDied,
      invalidMessage: badAnswer,
      onMessage: (message) => this.#handle(fromServoEngine.parse(message)),
      onStderr: options.onStderr,
    });
    this.exited = this.#child.ended;
    this.ready = Promise.race([this.exited, new Promise<void>((resolve) => (this.#isReady = resolve))]);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it runs and computes nothing. */
  get usable(): boolean {
    return this.#child.usable && this.#waiting === undefined;
  }

  /** Sessions that it has had. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Resident memory: the larger of what the system and the engine last reported; either may be out of date. */
  get rssBytes(): number {
    return Math.max(this.#child.residentBytes, this.#reportedBytes);
  }

  /** Hands over graphs that another engine has optimised. */
  give(graphs: readonly OptimisedGraph[]): void {
    this.#child.send({ type: 'graphs', graphs: [...graphs] } satisfies ToServoEngine);
  }

  /** Has it load what a session like this needs. @returns settles when it has, or is gone */
  prepare(setup: ServoSetup): Promise<unknown> {
    const { surroundings } = this.#options;
    const prepared = new Promise<void>((resolve) => (this.#isPrepared = resolve));
    this.#child.send({ type: 'prepare', setup, surroundings } satisfies ToServoEngine);
    return Promise.race([this.exited, prepared]);
  }

  /** @throws AppError what is wrong with the goal, or why the process ended; the reason of `signal` */
  async open(
    setup: ServoSetup,
    source: ServoGoalSource | KnownGoal,
    { signal, goalImage }: OpenGoalOptions = {},
  ): Promise<OpenedSession> {
    this.#sessions += 1;
    const { surroundings, goalTimeoutMs: ms } = this.#options;
    const isImage = source.kind === 'image';
    const goal = isImage ? { kind: 'image' as const } : source;
    const asked: Asked = {
      request: { type: 'open', setup, goal, surroundings, goalImage },
      bytes: isImage ? source.bytes : undefined,
    };
    const answer = await this.#ask(asked, { signal, timeLimit: { ms, exceeded: () => goalTimeout(ms) } });
    if (answer.type !== 'opened') throw misplaced();
    return answer;
  }

  /** @throws AppError what is wrong with the frame, or why the process ended */
  async step(
    { bytes, format, sequence, captureTimeMicros, size }: ServoFrame,
    { matches }: { readonly matches?: boolean } = {},
  ): Promise<ServoResult> {
    const ms = this.#options.frameTimeoutMs;
    const frame = { format, sequence, captureTimeMicros, size, matches };
    const bounds = { timeLimit: { ms, exceeded: () => frameTimeout(ms) } };
    const answer = await this.#ask({ request: { type: 'frame', frame }, bytes }, bounds);
    if (answer.type !== 'answer' || answer.result.sequence !== sequence) throw misplaced();
    return answer.result;
  }

  /** Ends the session, not the process. @throws AppError why the process ended */
  async closeSession(): Promise<void> {
    const ms = this.#options.frameTimeoutMs;
    await this.#ask({ request: { type: 'close' } }, { timeLimit: { ms, exceeded: () => frameTimeout(ms) } });
  }

  /** Ends the process at once; what waits for it is rejected with `reason`. */
  kill(reason: AppError): void {
    void this.#child.end(reason);
  }

  async #ask({ request, bytes }: Asked, bounds: RequestBounds): Promise<FromServoEngine> {
    if (this.#waiting !== undefined)
      throw new AppError('ENGINE_BUSY', { message: 'The servo engine works on another request.' });
    const id = this.#nextId++;
    try {
      return await this.#child.request<FromServoEngine>((waiter) => {
        this.#waiting = { id, waiter };
        this.#child.send({ ...request, id }, bytes);
      }, bounds);
    } finally {
      this.#waiting = undefined;
    }
  }

  #handle(message: FromServoEngine): void {
    if (message.type === 'ready') return this.#isReady();
    if (message.type === 'prepared') {
      this.#isPrepared();
      if (this.#sessions === 0) this.#options.onGraphs?.(message.graphs);
      return;
    }
    if (message.type === 'heartbeat') {
      this.#reportedBytes = message.rssBytes;
      // Where the system does not report the size of a process.
      const { maxRssBytes } = this.#options;
      if (message.rssBytes > maxRssBytes) this.kill(memoryLimit(maxRssBytes));
      return;
    }
    if (message.id !== this.#waiting?.id) throw new Error(`No request ${String(message.id)} waits.`);
    const { waiter } = this.#waiting;
    if (message.type !== 'failed') return waiter.resolve(message);
    const error = receivedError(message.error);
    // Our own fault, or a broken thread: the next frame would fare no better.
    if (error.kind === 'internal') this.kill(engineFailed(error));
    else waiter.reject(error);
  }
}

const servoEngineDied = (end: ChildEnd): AppError =>
  new AppError('ENGINE_DIED', {
    message: `The servo engine ended (${describeEnd(end)}).`,
    details: { stderr: end.stderr },
    retryAfterSeconds: 1,
  });

const engineFailed = (cause: AppError): AppError =>
  new AppError('ENGINE_DIED', {
    message: 'The servo engine met an unexpected error and was ended.',
    details: { code: cause.code, ...cause.details },
    retryAfterSeconds: 1,
    cause,
  });

const frameTimeout = (limitMs: number): AppError =>
  new AppError('FRAME_TIMEOUT', {
    message: `The frame took longer than the limit of ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });

const goalTimeout = (limitMs: number): AppError =>
  new AppError('FRAME_TIMEOUT', {
    message: `Setting up the goal took longer than the limit of ${String(limitMs / 1000)} s.`,
    details: { limitMs },
  });

const memoryLimit = (limitBytes: number): AppError =>
  new AppError('SESSION_MEMORY_LIMIT', {
    message: `The session needed more memory than the limit of ${String(Math.round(limitBytes / 2 ** 20))} MiB.`,
    details: { limitBytes },
  });

const misplaced = (): AppError =>
  new AppError('BAD_ANSWER', { message: 'The servo engine answered another request.' });
