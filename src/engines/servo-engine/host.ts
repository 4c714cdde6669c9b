import { setFlagsFromString } from 'node:v8';
import { AppError } from '../../errors/app-error.js';
import { describeError } from '../../errors/process-error.js';
import { NetworkRegistry } from '../../networks/runtime/network-registry.js';
import { OptimisedGraphs } from '../../networks/runtime/optimised-graphs.js';
import { planFeaturePipeline } from '../../servoing/features/detectors/registry.js';
import { FeatureTracker } from '../../servoing/features/feature-tracker.js';
import { openPolicy, type OpenPolicy } from '../../servoing/open-policy.js';
import { toServoEngine, type FromServoEngine, type ToServoEngine } from './protocol.js';
import { EngineSession, type SessionParts } from './session.js';

/** Key points kept of every frame; a goal keeps fewer. */
const MAX_FEATURES = 1024;
/** Answers after which functions are optimised as soon as V8 does by default: the first answers of a session are not to wait for it. */
const ANSWERS_BEFORE_OPTIMISATION = 10;
/** V8's default, which the start options of the process raise. */
const INTERRUPT_BUDGET = 67_584;

type Needs = Pick<Extract<ToServoEngine, { type: 'open' }>, 'setup' | 'surroundings'>;

/** A detector and what it was asked for by. */
interface LoadedDetector {
  readonly key: string;
  /** As written in results. */
  readonly name: string;
  readonly tracker: FeatureTracker;
}

/** What belongs to a models folder. */
interface LoadedNetworks {
  readonly modelsDirectory: string;
  readonly registry: NetworkRegistry;
}

/** The inside of a servo engine: one session at a time, one message after the other. */
export class ServoEngineHost {
  readonly #send: (message: FromServoEngine) => void;
  #last: Promise<void> = Promise.resolve();
  /** The last detector, which stays loaded for the next session. */
  #features: LoadedDetector | undefined;
  readonly #graphs = new OptimisedGraphs();
  #networks: LoadedNetworks | undefined;
  #opened: OpenPolicy | undefined;
  #session: EngineSession | undefined;
  #answers = 0;

  constructor(send: (message: FromServoEngine) => void) {
    this.#send = send;
  }

  /**
   * Takes one raw message of the parent.
   * @throws ZodError for what is none: nothing can be answered then
   */
  receive(raw: unknown, bytes: Uint8Array): void {
    const message = toServoEngine.parse(raw);
    this.#last = this.#last.then(() => this.#handle(message, bytes));
  }

  async #handle(message: ToServoEngine, bytes: Uint8Array): Promise<void> {
    try {
      await this.#work(message, bytes);
    } catch (error) {
      // What could not be prepared is said by the session that needs it.
      if ('id' in message) this.#send({ type: 'failed', id: message.id, error: describeError(error) });
      else if (message.type === 'prepare') this.#send({ type: 'prepared', graphs: [] });
    }
  }

  async #work(message: ToServoEngine, bytes: Uint8Array): Promise<void> {
    switch (message.type) {
      case 'graphs':
        return this.#graphs.add(message.graphs);
      case 'prepare': {
        // The network stays in memory when its lease is released.
        const graphs = await this.#graphs.record(() => this.#parts(message));
        return this.#send({ type: 'prepared', graphs: [...graphs] });
      }
      case 'open':
        this.#end();
        this.#session = await EngineSession.open(message, bytes, await this.#parts(message));
        return this.#send({ type: 'opened', id: message.id, ...this.#session.opened });
      case 'frame': {
        if (this.#session === undefined) throw notOpen();
        const result = await this.#session.step({ ...message.frame, bytes });
        this.#send({ type: 'answer', id: message.id, result });
        return this.#answered();
      }
      case 'close':
        this.#end();
        return this.#send({ type: 'closed', id: message.id });
    }
  }

  async #parts(needs: Needs): Promise<SessionParts> {
    const { setup, surroundings } = needs;
    const { modelsDirectory } = surroundings;
    const { name, tracker } = await this.#detector(needs);
    this.#opened?.release();
    this.#opened = undefined;
    // The session scales its velocities itself. A live camera obeys, so the policy may rely on its memory.
    const scale = { gain: 1, goalDistance: 1, memory: 'sequence' } as const;
    const networks = this.#registry(modelsDirectory);
    this.#opened = await openPolicy({ ...setup, ...scale, detector: name, modelsDirectory, networks });
    return { tracker, opened: this.#opened };
  }

  #registry(modelsDirectory: string): NetworkRegistry {
    if (this.#networks?.modelsDirectory !== modelsDirectory) {
      const registry = new NetworkRegistry({ folder: modelsDirectory, open: this.#graphs.open });
      this.#networks = { modelsDirectory, registry };
    }
    return this.#networks.registry;
  }

  async #detector({ setup, surroundings: { modelsDirectory } }: Needs): Promise<LoadedDetector> {
    const key = JSON.stringify([setup.detector.toUpperCase(), modelsDirectory]);
    if (this.#features?.key === key) return this.#features;
    const last = this.#features?.tracker;
    this.#features = undefined;
    await last?.close();
    const { name, ...plan } = await planFeaturePipeline(setup.detector, {
      modelsDirectory,
      maxFeatures: MAX_FEATURES,
    });
    const tracker = new FeatureTracker(plan, this.#graphs.open);
    await tracker.opened();
    this.#features = { key, name, tracker };
    return this.#features;
  }

  #answered(): void {
    this.#answers += 1;
    if (this.#answers === ANSWERS_BEFORE_OPTIMISATION)
      setFlagsFromString(`--interrupt-budget=${String(INTERRUPT_BUDGET)}`);
  }

  #end(): void {
    this.#session = undefined;
    this.#opened?.release();
    this.#opened = undefined;
  }
}

const notOpen = (): AppError =>
  new AppError('GOAL_MISSING', { message: 'A frame came before the goal of its session.' });
