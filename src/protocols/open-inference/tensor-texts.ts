import { AppError } from '../../errors/app-error.js';
import type { Tensor } from '../../domain/tensor.js';
import { IdleThread } from '../../supervision/threads/idle-thread.js';
import { tensorFromText, tensorOver, type TensorInput, type TensorTextReader } from './tensors.js';
import type { TensorTextReply, TensorTextRequest } from './tensor-text-thread.js';

/** Shorter texts are parsed directly, because passing them to a thread takes longer. */
const SHORT_BYTES = 64 * 1024;
/** Heap limit of the thread in MB, about ten times what the largest text needs. */
const THREAD_HEAP_MB = 512;
const ENTRY = new URL('./tensor-text-thread.js', import.meta.url);

/**
 * Parses tensors sent as JSON. Long ones are parsed in a worker thread, one after the other, so that the
 * event loop is not blocked.
 */
export class TensorTexts implements TensorTextReader {
  readonly #thread = new IdleThread<TensorTextRequest, TensorTextReply>({
    entry: ENTRY,
    heapMb: THREAD_HEAP_MB,
  });

  /**
   * @param text the field `data` of the input, a JSON list
   * @param at JSON pointer of the input
   * @throws AppError as `tensorFromText` does; TENSOR_DATA (invalid) for a text that needs too much memory
   */
  async read(input: TensorInput, text: Buffer, at: string): Promise<Tensor> {
    if (text.length <= SHORT_BYTES) return tensorFromText(input, text, at);
    const { name, shape, datatype } = input;
    const bytes = new Uint8Array(text);
    const reply =
      (await this.#thread.ask({ input: { name, shape, datatype }, text: bytes, at }, [bytes.buffer])) ??
      TOO_MUCH;
    if ('error' in reply) throw new AppError(reply.error.code, reply.error);
    return tensorOver(input, reply.elements);
  }

  /** Stops the thread; the next long text starts another one. */
  async close(): Promise<void> {
    await this.#thread.close();
  }
}

const TOO_MUCH: TensorTextReply = {
  error: {
    code: 'TENSOR_DATA',
    message: 'The tensor in JSON needs more memory than is allowed; send it as binary data.',
    issues: [],
  },
};
