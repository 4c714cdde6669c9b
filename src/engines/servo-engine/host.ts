import { AppError } from '../../errors/app-error.js';
import { describeError } from '../../errors/process-error.js';
import { createFeaturePipeline } from '../../servoing/features/detectors/registry.js';
import type { FeaturePipeline } from '../../servoing/features/feature-pipeline.js';
import { openPolicy, type OpenPolicy } from '../../servoing/open-policy.js';
import { toServoEngine, type FromServoEngine, type ToServoEngine } from './protocol.js';
import { EngineSession } from './session.js';

/** Key points kept of every frame; a goal keeps fewer. */
const MAX_FEATURES = 1024;

type Needs = Pick<Extract<ToServoEngine, { type: 'open' }>, 'setup' | 'surroundings'>;

/** The inside of a servo engine: one session at a time, one message after the other. */
export class ServoEngineHost {
  readonly #send: (message: FromServoEngine) => void;
  #last: Promise<void> = Promise.resolve();
  /** Threads of the last detector, which stay warm for the next session. */
  #features: { readonly key: string; readonly pipeline: FeaturePipeline } | undefined;
  #opened: OpenPolicy | undefined;
  #session: EngineSession | undefined;

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
      if (message.type !== 'prepare')
        this.#send({ type: 'failed', id: message.id, error: describeError(error) });
    }
  }

  async #work(message: ToServoEngine, bytes: Uint8Array): Promise<void> {
    switch (message.type) {
      case 'prepare':
        // The network stays in memory when its lease is released.
        return void (await this.#parts(message));
      case 'open':
        this.#end();
        this.#session = await EngineSession.open(message, bytes, await this.#parts(message));
        return this.#send({ type: 'opened', id: message.id, ...this.#session.opened });
      case 'frame': {
        if (this.#session === undefined) throw notOpen();
        const result = await this.#session.step({ ...message.frame, bytes });
        return this.#send({ type: 'answer', id: message.id, result });
      }
      case 'close':
        this.#end();
        return this.#send({ type: 'closed', id: message.id });
    }
  }

  async #parts(needs: Needs): Promise<{ readonly features: FeaturePipeline; readonly opened: OpenPolicy }> {
    const { setup, surroundings } = needs;
    const { modelsDirectory } = surroundings;
    const features = await this.#pipeline(needs);
    this.#opened?.release();
    this.#opened = undefined;
    // The session scales its velocities itself. A live camera obeys, so the policy may rely on its memory.
    const scale = { gain: 1, goalDistance: 1, memory: 'sequence' } as const;
    this.#opened = await openPolicy({ ...setup, ...scale, detector: features.name, modelsDirectory });
    return { features, opened: this.#opened };
  }

  async #pipeline({ setup, surroundings: { modelsDirectory } }: Needs): Promise<FeaturePipeline> {
    const key = JSON.stringify([setup.detector.toUpperCase(), modelsDirectory]);
    if (this.#features?.key === key) return this.#features.pipeline;
    const last = this.#features?.pipeline;
    this.#features = undefined;
    await last?.close();
    const options = { modelsDirectory, maxFeatures: MAX_FEATURES, threads: 1 };
    const pipeline = await createFeaturePipeline(setup.detector, options);
    this.#features = { key, pipeline };
    return pipeline;
  }

  #end(): void {
    this.#session = undefined;
    this.#opened?.release();
    this.#opened = undefined;
  }
}

const notOpen = (): AppError =>
  new AppError('GOAL_MISSING', { message: 'A frame came before the goal of its session.' });
