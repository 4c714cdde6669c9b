import type {
  OpenServoEngine,
  ServoEngine,
  ServoEngines,
  ServoFrame,
  ServoGoalReport,
  ServoGoalSource,
  ServoResult,
  ServoSetup,
} from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { engineRetired } from '../../supervision/engine-errors.js';
import { PlacesInLine } from './places-in-line.js';
import { ServoEngineProcess, type ServoEngineProcessOptions } from './servo-engine-process.js';

/** Size of a pool and when its engines are replaced. */
export interface ServoEnginePoolOptions extends Omit<ServoEngineProcessOptions, 'onStderr' | 'surroundings'> {
  /** Sessions that may run at the same time. */
  readonly size: number;
  /** Asked once, when the first engine starts. */
  readonly surroundings: () => Promise<ServoEngineProcessOptions['surroundings']>;
  /** Milliseconds after which an engine without a session ends. */
  readonly idleMs: number;
  /** Sessions after which an engine is replaced: arenas of native libraries only grow. */
  readonly maxSessionsPerEngine: number;
  /** Resident memory above which an engine without a session is replaced. */
  readonly recycleRssBytes: number;
  readonly onStderr: (engine: { readonly pid: number | undefined }, text: string) => void;
}

/** Requests that may wait for an engine. */
const MAX_WAITING = 64;

/**
 * Engines for live sessions, one process each. None runs before the first session; from then on one more than there are
 * sessions is kept warm, so that the next session, or one whose engine died, need not wait for a process to start.
 */
export class ServoEnginePool implements ServoEngines {
  readonly #options: ServoEnginePoolOptions;
  readonly #places: PlacesInLine;
  readonly #idle = new Map<ServoEngineProcess, NodeJS.Timeout>();
  readonly #all = new Set<ServoEngineProcess>();
  /** Goal distances estimated from the depth in the first frame of a session: a second engine never sees that frame. */
  readonly #distances = new WeakMap<ServoSetup, number>();
  #surroundings: Promise<ServoEngineProcessOptions['surroundings']> | undefined;
  #closed = false;

  constructor(options: ServoEnginePoolOptions) {
    this.#options = options;
    this.#places = new PlacesInLine({ places: options.size, waiting: MAX_WAITING });
  }

  get capacity(): number {
    return this.#options.size;
  }

  get free(): number {
    return this.#places.free;
  }

  /** Process ids of all engines, for health pages and tests. */
  get pids(): readonly number[] {
    return [...this.#all].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  async open(
    setup: ServoSetup,
    goal: ServoGoalSource,
    { waitMs, signal, goalImage }: OpenServoEngine,
  ): Promise<ServoEngine> {
    const leave = await this.#places.take({ waitMs, signal, busy: () => busy(this.capacity) });
    let engine: ServoEngineProcess | undefined;
    try {
      engine = await this.#take();
      const goalDistance = this.#distances.get(setup) ?? setup.goalDistance;
      const opened = await engine.open({ ...setup, goalDistance }, goal, { signal, goalImage });
      const session = new PooledEngine(engine, opened, {
        learnDistance: (metres) => this.#distances.set(setup, metres),
        giveBack: () => this.#putBack(session.engine, leave),
      });
      this.#warmSpare(setup);
      return session;
    } catch (error) {
      if (engine !== undefined) this.#putBack(engine, leave);
      else leave();
      throw error;
    }
  }

  /** Ends all engines and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#places.close(engineRetired());
    for (const engine of this.#all) engine.kill(engineRetired());
    await Promise.all([...this.#all].map(({ exited }) => exited));
  }

  async #take(): Promise<ServoEngineProcess> {
    for (const [engine, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(engine);
      if (engine.usable) return engine;
    }
    return this.#start();
  }

  async #start(): Promise<ServoEngineProcess> {
    this.#surroundings ??= this.#options.surroundings();
    const surroundings = await this.#surroundings.catch((error: unknown) => {
      this.#surroundings = undefined;
      throw error;
    });
    if (this.#closed) throw engineRetired();
    const engine: ServoEngineProcess = new ServoEngineProcess({
      ...this.#options,
      surroundings,
      onStderr: (text) => this.#options.onStderr(engine, text),
    });
    this.#all.add(engine);
    void engine.exited.then(() => this.#forget(engine));
    return engine;
  }

  /** The place in line is free once the engine is, or is gone. */
  #putBack(engine: ServoEngineProcess, leave: () => void): void {
    const { maxSessionsPerEngine, recycleRssBytes } = this.#options;
    const exhausted = engine.sessions >= maxSessionsPerEngine || engine.rssBytes > recycleRssBytes;
    if (this.#closed || exhausted || !engine.usable) {
      engine.kill(engineRetired());
      void engine.exited.then(leave);
      return;
    }
    this.#keep(engine);
    leave();
  }

  #keep(engine: ServoEngineProcess): void {
    const timer = setTimeout(() => {
      this.#idle.delete(engine);
      engine.kill(engineRetired());
    }, this.#options.idleMs);
    this.#idle.set(engine, timer.unref());
  }

  #warmSpare(setup: ServoSetup): void {
    if (this.#idle.size > 0 || this.#all.size >= this.capacity || this.#closed) return;
    void this.#start().then(
      (engine) => {
        engine.prepare(setup);
        this.#keep(engine);
      },
      // The session that needs an engine says why there is none.
      () => undefined,
    );
  }

  #forget(engine: ServoEngineProcess): void {
    this.#all.delete(engine);
    clearTimeout(this.#idle.get(engine));
    this.#idle.delete(engine);
  }
}

/** What a session reports to its pool. */
interface SessionListener {
  learnDistance(metres: number): void;
  giveBack(): void;
}

/** A session's hold on its engine. */
class PooledEngine implements ServoEngine {
  readonly goal: ServoGoalReport;
  readonly goalImage: Uint8Array | undefined;
  readonly ended: Promise<unknown>;
  readonly #listener: SessionListener;
  #end: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(
    readonly engine: ServoEngineProcess,
    { goal, goalImage }: Pick<ServoEngine, 'goal' | 'goalImage'>,
    listener: SessionListener,
  ) {
    this.goal = goal;
    this.goalImage = goalImage;
    this.#listener = listener;
    const closed = new Promise<void>((resolve) => (this.#end = resolve));
    this.ended = Promise.race([engine.exited, closed]);
  }

  async step(frame: ServoFrame, options?: { readonly matches: boolean }): Promise<ServoResult> {
    if (this.#closing) throw engineRetired();
    const result = await this.engine.step(frame, options);
    if (result.goalDistance !== undefined) this.#listener.learnDistance(result.goalDistance);
    return result;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.engine.usable) await this.engine.closeSession().catch(() => undefined);
    // A frame is still computed, which nobody waits for.
    else this.engine.kill(engineRetired());
    this.#listener.giveBack();
    this.#end();
  }
}

const busy = (capacity: number): AppError =>
  new AppError('SERVO_ENGINES_BUSY', {
    message: `All ${String(capacity)} servo engines have a session.`,
    details: { capacity },
    retryAfterSeconds: 5,
  });
