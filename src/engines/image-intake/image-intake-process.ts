import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';
import { askChild, startDecodingChild, type ErrorFacts } from '../../supervision/decoding-child.js';
import type { PictureIntake, TakenPicture } from '../../media/picture-intake.js';

/** Milliseconds that one picture may take. */
const PICTURE_TIMEOUT_MS = 60_000;
/** An idle process is not kept. */
const IDLE_MS = 20_000;
const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

/**
 * Takes users' pictures in inside a child process, one after the other. A picture that kills the decoder or never
 * ends costs the child and nothing else; the next order starts a new one.
 */
export class ImageIntakeProcess {
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(private readonly timeoutMs = PICTURE_TIMEOUT_MS) {}

  /** @throws AppError as `takePicture`; IMAGE_CORRUPT for a picture that ended or outlasted the process. */
  take(order: PictureIntake, signal?: AbortSignal): Promise<TakenPicture> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return this.#run(order);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the process; the next order would start another one. */
  close(): void {
    clearTimeout(this.#idle);
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async #run(order: PictureIntake): Promise<TakenPicture> {
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    const timer = setTimeout(() => child.kill('SIGKILL'), this.timeoutMs);
    const answer = await askChild(child, order, { lost: LOST, isValue: isTaken });
    clearTimeout(timer);
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    if (answer.ok) return answer.value;
    throw new AppError(answer.error);
  }

  #start(): ChildProcess {
    const child = startDecodingChild(CHILD);
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    child.once('exit', forget).once('error', forget);
    return child;
  }
}

const isTaken = (value: unknown): value is TakenPicture => typeof value === 'object' && value !== null;

const LOST: ErrorFacts = {
  code: 'IMAGE_CORRUPT',
  kind: 'invalid',
  message: 'The picture cannot be decoded within the limits of time and memory.',
  details: {},
};
