import { fileURLToPath } from 'node:url';
import type { ProcessError } from '../../errors/process-error.js';
import type { ImageIntake, TakenImage } from '../../media/image-intake.js';
import { FileChild } from '../../supervision/file-child.js';

/** Milliseconds that one image may take. */
const IMAGE_TIMEOUT_MS = 60_000;
/** An idle process is not kept. */
const IDLE_MS = 20_000;
/** The largest image that any setting allows has half as many bytes uncompressed. */
const MOST_WRITTEN_BYTES = 2 * 2 ** 30;
const CHILD = fileURLToPath(new URL('./main.js', import.meta.url));

/** Limits of {@link ImageIntakeProcess}; the defaults serve everything but tests. */
export interface ImageIntakeLimits {
  /** Milliseconds that one image may take. */
  readonly timeoutMs?: number;
  /** Memory of the process, in bytes. */
  readonly memoryBytes?: number;
  /** Module of the process. */
  readonly module?: string;
}

/**
 * Takes users' images in inside a child process, one after the other. An image that kills the decoder, needs too much
 * memory or never ends costs the child and nothing else; the next request starts a new one.
 */
export class ImageIntakeProcess {
  readonly #limits: ImageIntakeLimits;
  #child: FileChild<ImageIntake, TakenImage> | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(limits: ImageIntakeLimits = {}) {
    this.#limits = limits;
  }

  /** @throws AppError as `takeImage`; IMAGE_CORRUPT for an image that ended or outlasted the process. */
  take(request: ImageIntake, signal?: AbortSignal): Promise<TakenImage> {
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

  async #run(request: ImageIntake): Promise<TakenImage> {
    clearTimeout(this.#idle);
    if (this.#child?.usable !== true) this.#child = this.#start();
    try {
      return await this.#child.ask(request, { timeoutMs: this.#limits.timeoutMs ?? IMAGE_TIMEOUT_MS });
    } finally {
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
    }
  }

  #start(): FileChild<ImageIntake, TakenImage> {
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

const isTaken = (value: unknown): value is TakenImage => typeof value === 'object' && value !== null;

const LOST: ProcessError = {
  code: 'IMAGE_CORRUPT',
  message: 'The image cannot be decoded within the limits of time and memory.',
};
