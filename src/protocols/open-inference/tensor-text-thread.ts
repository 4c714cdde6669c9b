import { parentPort } from 'node:worker_threads';
import { AppError } from '../../errors/app-error.js';
import { tensorFromText, type TensorInput } from './tensors.js';

/** One list of numbers to read. */
export interface TensorTextRequest {
  readonly input: TensorInput;
  readonly text: Uint8Array<ArrayBuffer>;
  /** Where the input stands in the body. */
  readonly at: string;
}

/** What was read: the elements, or why they are no tensor. */
export type TensorTextReply =
  { readonly elements: ArrayBuffer } | { readonly error: Pick<AppError, 'code' | 'message' | 'issues'> };

// Anything but an error of the text ends the thread; the caller notices its exit.
parentPort?.on('message', ({ input, text, at }: TensorTextRequest) => {
  parentPort?.postMessage(...answer(input, Buffer.from(text.buffer, text.byteOffset, text.byteLength), at));
});

function answer(input: TensorInput, text: Buffer, at: string): [TensorTextReply, ArrayBuffer[]] {
  try {
    const elements = tensorFromText(input, text, at).data.buffer as ArrayBuffer;
    return [{ elements }, [elements]];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message, issues } = error;
    return [{ error: { code, message, issues } }, []];
  }
}
