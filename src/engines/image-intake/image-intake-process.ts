import { fileURLToPath } from 'node:url';
import type { ProcessError } from '../../errors/process-error.js';
import type { PictureIntake, TakenPicture } from '../../media/picture-intake.js';
import { FileChild } from '../../supervision/file-child.js';

/** Milliseconds that one picture may take. */
const PICTURE_TIMEOUT_MS = 60_000;
/** An idle process is not kept. */
const IDLE_MS = 20_000;
/** The largest picture that any setting allows has half as many bytes uncompressed. */
const MOST_WRITTEN_BYTES = 2 * 2 ** 30;
const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

/** Limits of {@link ImageIntakeProcess}; the defaults serve everything but tests. */
export interface ImageIntakeLimits {
  /** Milliseconds that one picture may take. */
  readonly timeoutMs?: number;
  /** Memory of the process, in bytes. */
  readonly memoryBytes?: number;
  /** Module of the process. */
  readonly module?: string;
}

/**
 * Takes users' pictures in inside a child process, one after the other. A picture that kills the decoder, needs too much
 * memory or never ends costs the child and nothing else; the next request starts a new one.
 */
export class ImageIntakeProcess {
  readonly #limits: ImageIntakeLimits;
  #child: FileChild<PictureIntake, TakenPicture> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(limits: ImageIntakeLimits = {}) {
    this.#limits = limits;
  }

  /** @throws AppError as `takePicture`; IMAGE_CORRUPT for a picture that ended or outlasted the process. */
  take(request: PictureIntake, signal?: AbortSignal): Promise<TakenPicture> {
    const turn = this.#last.then(() => {
      signal?.throwIfAborted();
      return this.#run(request);
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the process; the next request would start another one. */
  close(): void {
    clearTimeout(this.#idle);
    this.#child?.end();
    this.#child = undefined;
  }

  async #run(request: PictureIntake): Promise<TakenPicture> {
    clearTimeout(this.#idle);
    if (this.#child?.usable !== true) this.#child = this.#start();
    try {
      return await this.#child.ask(request, { timeoutMs: this.#limits.timeoutMs ?? PICTURE_TIMEOUT_MS });
    } finally {
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  #start(): FileChild<PictureIntake, TakenPicture> {
    const { module = CHILD, memoryBytes } = this.#limits;
    return new FileChild({
      module,
      memoryBytes,
      lost: LOST,
      isValue: isTaken,
      fileSizeBytes: MOST_WRITTEN_BYTES,
    });
  }
}

const isTaken = (value: unknown): value is TakenPicture => typeof value === 'object' && value !== null;

const LOST: ProcessError = {
  code: 'IMAGE_CORRUPT',
  message: 'The picture cannot be decoded within the limits of time and memory.',
};
