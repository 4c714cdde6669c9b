import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors/app-error.js';
import type { Tensor } from '../../domain/tensor.js';
import { tensorFromText, tensorOver, type TensorInput, type TensorTextReader } from './tensors.js';
import type { TensorTextReply, TensorTextRequest } from './tensor-text-thread.js';

/** Shorter texts are parsed directly, because passing them to a thread takes longer. */
const SHORT_BYTES = 64 * 1024;
/** Heap limit of the thread in MB, about ten times what the largest text needs. */
const THREAD_HEAP_MB = 512;
/** An idle thread is stopped after this time. */
const IDLE_MS = 10_000;
const ENTRY = new URL('./tensor-text-thread.js', import.meta.url);

/**
 * Parses tensors sent as JSON. Long ones are parsed in a worker thread, one after the other, so that the
 * event loop is not blocked.
 */
export class TensorTexts implements TensorTextReader {
  #last: Promise<unknown> = Promise.resolve();
  #thread: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  /**
   * @param text the field `data` of the input, a JSON list
   * @param at JSON pointer of the input
   * @throws AppError as `tensorFromText` does; TENSOR_DATA (invalid) for a text that needs too much memory
   */
  async read(input: TensorInput, text: Buffer, at: string): Promise<Tensor> {
    if (text.length <= SHORT_BYTES) return tensorFromText(input, text, at);
    const turn = this.#last.then(() => this.#run(input, text, at));
    this.#last = turn.catch(() => undefined);
    const reply = await turn;
    if ('error' in reply) throw new AppError(reply.error.code, reply.error);
    return tensorOver(input, reply.elements);
  }

  /** Stops the thread; the next long text starts another one. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.terminate();
  }

  async #run({ name, shape, datatype }: TensorInput, text: Buffer, at: string): Promise<TensorTextReply> {
    clearTimeout(this.#idle);
    const request: TensorTextRequest = { input: { name, shape, datatype }, text: new Uint8Array(text), at };
    const thread = (this.#thread ??= startThread());
    const reply = await ask(thread, request);
    if (reply === null) {
      if (this.#thread === thread) this.#thread = undefined;
      return TOO_MUCH;
    }
    this.#idle = setTimeout(() => void this.close(), IDLE_MS).unref();
    return reply;
  }
}

/** The thread's answer; null if it exited instead. */
function ask(thread: Worker, request: TensorTextRequest): Promise<TensorTextReply | null> {
  return new Promise((resolve) => {
    const onMessage = (reply: TensorTextReply): void => settle(reply);
    const onEnd = (): void => settle(null);
    const settle = (reply: TensorTextReply | null): void => {
      thread.off('message', onMessage).off('exit', onEnd);
      resolve(reply);
    };
    thread.once('message', onMessage).once('exit', onEnd);
    thread.postMessage(request, [request.text.buffer]);
  });
}

function startThread(): Worker {
  const thread = new Worker(ENTRY, { resourceLimits: { maxOldGenerationSizeMb: THREAD_HEAP_MB } });
  // The 'exit' event follows and is handled.
  thread.on('error', () => undefined);
  thread.unref();
  return thread;
}

const TOO_MUCH: TensorTextReply = {
  error: {
    code: 'TENSOR_DATA',
    message: 'The tensor in JSON needs more memory than is allowed; send it as binary data.',
    issues: [],
  },
};
