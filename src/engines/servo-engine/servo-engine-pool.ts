import type {
  OpenServoEngine,
  ServoEngine,
  ServoEngines,
  ServoGoalSource,
  ServoSetup,
} from '../../domain/servo.js';
import { AppError } from '../../errors/app-error.js';
import { engineRetired } from '../../supervision/engine-errors.js';
import { PlacesInLine } from './places-in-line.js';
import { PooledEngine } from './pooled-engine.js';
import type { KnownGoal, OpenedSession, OptimisedGraph } from './protocol.js';
import { StartTurns } from './start-turns.js';
import { ServoEngineProcess, type ServoEngineProcessOptions } from './servo-engine-process.js';

/** Size of a pool and when its engines are replaced. */
export interface ServoEnginePoolOptions extends Omit<
  ServoEngineProcessOptions,
  'onStderr' | 'onGraphs' | 'surroundings'
> {
  /** Sessions that may run at the same time. */
  readonly size: number;
  /** Engines without a session that are kept warm while there are as many sessions. */
  readonly spares: number;
  /** Engines that load at the same time; more would only slow each other down. */
  readonly simultaneousStarts: number;
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

/** What is remembered of a session for another engine. */
interface SessionMemory {
  readonly source: ServoGoalSource;
  readonly known: KnownGoal;
  /** Metres, estimated from the depth in the first frame, which another engine never sees. */
  goalDistance: number | null;
}

interface SessionRequest extends Pick<OpenServoEngine, 'signal' | 'goalImage'> {
  readonly setup: ServoSetup;
  readonly goal: ServoGoalSource;
}

/** A session that was set up in an engine. */
interface SetUp {
  readonly engine: ServoEngineProcess;
  readonly opened: OpenedSession;
  readonly memory: SessionMemory;
}

/** Requests that may wait for an engine. */
const MAX_WAITING = 64;
/** Spares are started this long after sessions were set up, whose first frames come first. */
const SPARES_AFTER_MS = 250;

/**
 * Engines for live sessions, one process each. None runs before the first session; from then on a few more than there are
 * sessions are kept warm, so that the next session, or one whose engine died, need not wait for a process to start.
 */
export class ServoEnginePool implements ServoEngines {
  readonly #options: ServoEnginePoolOptions;
  readonly #places: PlacesInLine;
  readonly #turns: StartTurns;
  readonly #idle = new Map<ServoEngineProcess, NodeJS.Timeout>();
  readonly #all = new Set<ServoEngineProcess>();
  /** What frees the place of an engine with a session. */
  readonly #leaves = new WeakMap<ServoEngine, () => void>();
  readonly #memories = new WeakMap<ServoSetup, SessionMemory>();
  readonly #graphs = new Map<string, OptimisedGraph>();
  /** Sessions that are being opened. */
  #opening = 0;
  /** Spares that are being started. */
  #starting = 0;
  /** What spares are prepared for; undefined before the first session. */
  #lastSetup: ServoSetup | undefined;
  #surroundings: Promise<ServoEngineProcessOptions['surroundings']> | undefined;
  #warming: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ServoEnginePoolOptions) {
    this.#options = options;
    this.#places = new PlacesInLine({ places: options.size, waiting: MAX_WAITING });
    this.#turns = new StartTurns(options.simultaneousStarts);
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
    { waitMs, signal, goalImage, owner = '', replaces }: OpenServoEngine,
  ): Promise<ServoEngine> {
    const inherited = replaces && this.#takePlace(replaces);
    const leave =
      inherited ?? (await this.#places.take({ owner, waitMs, signal, busy: () => busy(this.capacity) }));
    this.#opening += 1;
    try {
      const request = { setup, goal, signal, goalImage };
      const { engine, opened, memory } = await this.#setUp(request, inherited ? () => undefined : leave);
      this.#lastSetup = setup;
      const session: ServoEngine = new PooledEngine(engine, opened, {
        learnDistance: (metres) => (memory.goalDistance = metres),
        giveBack: () => this.#putBack(engine, () => this.#takePlace(session)?.()),
      });
      this.#leaves.set(session, leave);
      return session;
    } catch (error) {
      // The next attempt needs it again; closing the dead engine frees it.
      if (replaces && inherited) this.#leaves.set(replaces, inherited);
      throw error;
    } finally {
      this.#opening -= 1;
      clearTimeout(this.#warming);
      this.#warming = setTimeout(() => this.#warmSpares(), SPARES_AFTER_MS).unref();
    }
  }

  /** Takes an engine its place. @returns what frees it */
  #takePlace(session: ServoEngine): (() => void) | undefined {
    const leave = this.#leaves.get(session);
    this.#leaves.delete(session);
    return leave;
  }

  /** Ends all engines and waits until they are gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#warming);
    this.#places.close(engineRetired());
    for (const engine of this.#all) engine.kill(engineRetired());
    await Promise.all([...this.#all].map(({ exited }) => exited));
  }

  /** @param leave frees the session's place; called when it cannot be set up */
  async #setUp(request: SessionRequest, leave: () => void): Promise<SetUp> {
    const spare = this.#takeIdle();
    let engine = spare;
    try {
      if (spare !== undefined) {
        const opened = await this.#openIn(spare, request).catch(unlessDead(spare));
        if (opened !== null) return opened;
        // It may have died while nobody looked.
      }
      const { signal } = request;
      const started = await this.#turns.take(() => this.#startWith(request), { isSpare: false, signal });
      engine = started.engine;
      return await started.opening;
    } catch (error) {
      if (engine !== undefined) this.#putBack(engine, leave);
      else leave();
      throw error;
    }
  }

  /** Starts an engine and has it open the session at once. */
  async #startWith(request: SessionRequest) {
    const isKnown = this.#knownGoal(request) !== undefined;
    const engine = await this.#start();
    const opening = this.#openIn(engine, request);
    // A new goal takes as long as its image or video needs, for which nobody else waits.
    return { engine, opening, loaded: isKnown ? opening : engine.ready };
  }

  #knownGoal({ setup, goal }: SessionRequest): KnownGoal | undefined {
    const last = this.#memories.get(setup);
    return last && isSameGoal(last.source, goal) ? last.known : undefined;
  }

  async #openIn(engine: ServoEngineProcess, request: SessionRequest): Promise<SetUp> {
    const { setup, goal, signal, goalImage } = request;
    const goalDistance = this.#memories.get(setup)?.goalDistance ?? setup.goalDistance;
    const source = this.#knownGoal(request) ?? goal;
    const opened = await engine.open({ ...setup, goalDistance }, source, { signal, goalImage });
    const memory: SessionMemory = { source: goal, known: opened.known, goalDistance };
    this.#memories.set(setup, memory);
    return { engine, opened, memory };
  }

  #takeIdle(): ServoEngineProcess | undefined {
    for (const [engine, timer] of this.#idle) {
      clearTimeout(timer);
      this.#idle.delete(engine);
      if (engine.usable) return engine;
    }
    return undefined;
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
      onGraphs: (graphs) => graphs.forEach((graph) => this.#graphs.set(graph.sha256, graph)),
    });
    this.#all.add(engine);
    if (this.#graphs.size > 0) engine.give([...this.#graphs.values()]);
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
      // Sessions that go on for longer still need their spares.
      if (this.#idle.size <= this.#wantedSpares) return this.#keep(engine);
      this.#idle.delete(engine);
      engine.kill(engineRetired());
    }, this.#options.idleMs);
    this.#idle.set(engine, timer.unref());
  }

  get #wantedSpares(): number {
    return Math.min(this.#options.spares, this.capacity - this.free);
  }

  /** Sessions come first: engines that start take processor time from those that set up a goal. */
  #warmSpares(): void {
    const setup = this.#lastSetup;
    if (setup === undefined || this.#opening > 0 || this.#closed) return;
    const missing = this.#wantedSpares - this.#idle.size - this.#starting;
    for (let spare = 0; spare < missing; spare += 1) void this.#warmSpare(setup);
  }

  async #warmSpare(setup: ServoSetup): Promise<void> {
    this.#starting += 1;
    const start = async () => {
      const engine = await this.#start();
      this.#keep(engine);
      return { loaded: engine.prepare(setup) };
    };
    // The session that needs an engine says why there is none.
    await this.#turns.take(start, { isSpare: true }).catch(() => undefined);
    this.#starting -= 1;
  }

  #forget(engine: ServoEngineProcess): void {
    this.#all.delete(engine);
    clearTimeout(this.#idle.get(engine));
    this.#idle.delete(engine);
  }
}

/** Whether two sources are of one session's goal; the file of a video may lie elsewhere by now. */
function isSameGoal(before: ServoGoalSource, now: ServoGoalSource): boolean {
  if (before.kind === 'image') return now.kind === 'image' && before.bytes === now.bytes;
  return now.kind === 'video' && before.frame === now.frame && before.video === now.video;
}

/** Null for the error of an engine that is gone; rethrows what a living one says. */
const unlessDead =
  (engine: ServoEngineProcess) =>
  (error: unknown): null => {
    if (engine.usable || !(error instanceof AppError) || error.code !== 'ENGINE_DIED') throw error;
    return null;
  };

const busy = (capacity: number): AppError =>
  new AppError('SERVO_ENGINES_BUSY', {
    message: `All ${String(capacity)} servo engines have a session.`,
    details: { capacity },
    retryAfterSeconds: 5,
  });
