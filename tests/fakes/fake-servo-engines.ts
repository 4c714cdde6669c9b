import type {
  ServoEngine,
  ServoEngines,
  ServoFrame,
  ServoGoalSource,
  ServoResult,
  ServoSetup,
} from '../../src/domain/servo.js';
import { AppError } from '../../src/errors/app-error.js';

const died = (): AppError => new AppError('ENGINE_DIED', { message: 'The engine has ended.' });

const MATCHED_POINTS = {
  width: 64,
  height: 48,
  goal: Float32Array.of(10, 20),
  current: Float32Array.of(12, 20),
};

/** What a fake engine says of a frame: its sequence number as forward speed. */
function resultOf({ sequence }: ServoFrame, matches = false): ServoResult {
  return {
    ...(matches && { matchedPoints: MATCHED_POINTS }),
    sequence,
    velocity: [0, 0, sequence, 0, 0, 0],
    velocityTool: null,
    status: 'tracking',
    reason: null,
    keypoints: 400,
    matches: 90,
    inliers: 80,
    featureError: 0.125,
    confidence: 0.5,
    timingsMs: { decode: 1, detect: 2, match: 3, network: 4 },
  };
}

/** An engine that answers at once, or when it is told to. */
export class FakeServoEngine implements ServoEngine {
  readonly goal = {
    width: 640,
    height: 480,
    keypoints: 500,
    clusters: 16,
    device: { requested: 'cpu', used: 'cpu', reason: 'cpu was asked for', attempts: [] },
    network: { id: 'cns', version: '1', sha256: 'cd'.repeat(32) },
  } as const;
  readonly ended: Promise<void>;
  /** Sequence numbers of the frames that it was given. */
  readonly frames: number[] = [];
  isClosed = false;
  /** Runs while the engine closes. */
  onClose: () => Promise<void> = () => Promise.resolve();
  #isOver = false;
  #end: () => void = () => undefined;
  #held: { frame: ServoFrame; resolve(result: ServoResult): void; reject(error: unknown): void } | null =
    null;
  #arrived: (() => void) | null = null;
  /** Whether frames wait for {@link answer}. */
  holds = false;

  constructor(
    readonly setup: ServoSetup,
    readonly source: ServoGoalSource,
    readonly release: () => void,
  ) {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  step(frame: ServoFrame, options?: { readonly matches: boolean }): Promise<ServoResult> {
    if (this.#held) throw new Error('two frames at a time');
    this.frames.push(frame.sequence);
    if (frame.bytes[0] === 0) {
      return Promise.reject(
        new AppError('PICTURE_CORRUPT', { message: 'The image of the frame is damaged.' }),
      );
    }
    if (!this.holds) return Promise.resolve(resultOf(frame, options?.matches));
    return new Promise((resolve, reject) => {
      this.#held = { frame, resolve, reject };
      this.#arrived?.();
    });
  }

  /** Resolves when a frame is held. */
  async holding(): Promise<void> {
    if (!this.#held) await new Promise<void>((resolve) => (this.#arrived = resolve));
  }

  /** Answers the frame that is held. */
  answer(): void {
    const held = this.#held;
    this.#held = null;
    held?.resolve(resultOf(held.frame));
  }

  /** Ends as a process does that is killed. */
  kill(): void {
    this.#held?.reject(died());
    this.#held = null;
    if (this.#isOver) return;
    this.#isOver = true;
    this.#end();
    this.release();
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.onClose();
    this.kill();
  }
}

/** Engines without a process. */
export class FakeServoEngines implements ServoEngines {
  readonly capacity: number;
  readonly opened: FakeServoEngine[] = [];
  #used = 0;
  /** What the next {@link open} fails with. */
  failure: Error | null = null;

  constructor(capacity = 2) {
    this.capacity = capacity;
  }

  get free(): number {
    return this.capacity - this.#used;
  }

  /** The engine opened last. */
  get last(): FakeServoEngine {
    const engine = this.opened.at(-1);
    if (!engine) throw new Error('no engine was opened');
    return engine;
  }

  async open(setup: ServoSetup, goal: ServoGoalSource): Promise<ServoEngine> {
    const { failure } = this;
    this.failure = null;
    if (failure) throw failure;
    if (this.free === 0) {
      throw new AppError('SERVO_ENGINES_BUSY', {
        message: `All ${String(this.capacity)} engines have a session.`,
        retryAfterSeconds: 5,
      });
    }
    this.#used += 1;
    const engine = new FakeServoEngine(setup, goal, () => (this.#used -= 1));
    this.opened.push(engine);
    return engine;
  }

  async close(): Promise<void> {
    await Promise.all(this.opened.map((engine) => engine.close()));
  }
}
