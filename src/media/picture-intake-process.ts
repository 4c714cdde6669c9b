import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors/app-error.js';
import type { IntakeAnswer } from './picture-intake-child.js';
import type { PictureIntake, TakenPicture } from './picture-intake.js';

/** Milliseconds that one picture may take. */
const PICTURE_TIMEOUT_MS = 60_000;
/** An idle process is not kept. */
const IDLE_MS = 20_000;
const CHILD = fileURLToPath(new URL('./picture-intake-child.js', import.meta.url));

/**
 * Takes users' pictures in inside a child process, one after the other. A picture that kills the decoder or never
 * ends costs the child and nothing else; the next order starts a new one.
 */
export class PictureIntakeProcess {
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
    const answer = await this.#ask((this.#child ??= startChild()), order);
    this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    if (answer.ok) return answer.picture;
    throw new AppError(answer.error);
  }

  #ask(child: ChildProcess, order: PictureIntake): Promise<IntakeAnswer> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), this.timeoutMs);
      const settle = (answer: IntakeAnswer) => {
        clearTimeout(timer);
        child.off('exit', onExit);
        child.off('error', onExit);
        child.off('message', onMessage);
        resolve(answer);
      };
      const onMessage = (message: unknown) => settle(isAnswer(message) ? message : LOST);
      const onExit = () => {
        if (this.#child === child) this.#child = undefined;
        settle(LOST);
      };
      child.once('exit', onExit);
      // A process that cannot be started, for want of memory say, has no exit.
      child.once('error', onExit);
      child.once('message', onMessage);
      // A child that has just died answers by its exit.
      child.send(order, () => undefined);
    });
  }
}

/** The child decodes other people's files: what it says may be anything. */
const isAnswer = (message: unknown): message is IntakeAnswer =>
  typeof message === 'object' &&
  message !== null &&
  (Reflect.get(message, 'ok') === true
    ? typeof Reflect.get(message, 'picture') === 'object'
    : typeof Reflect.get(message, 'error') === 'object');

const LOST: IntakeAnswer = {
  ok: false,
  error: {
    code: 'IMAGE_CORRUPT',
    kind: 'invalid',
    message: 'The picture cannot be decoded within the limits of time and memory.',
    details: {},
  },
};

function startChild(): ChildProcess {
  // No settings and no secrets for a process that decodes files of strangers.
  const child = fork(CHILD, [], { env: {}, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  // Between two pictures nobody else listens.
  child.on('error', () => undefined);
  // An idle child must not keep its parent alive.
  child.unref();
  child.channel?.unref();
  return child;
}
