import { AppError } from '../../errors/app-error.js';
import { serveIdleThread } from '../../supervision/threads/idle-thread.js';
import { tensorFromText, type TensorInput } from './tensors.js';

/** A list of numbers to parse. */
export interface TensorTextRequest {
  readonly input: TensorInput;
  readonly text: Uint8Array<ArrayBuffer>;
  /** JSON pointer of the input. */
  readonly at: string;
}

/** The parsed elements, or the error. */
export type TensorTextReply =
  { readonly elements: ArrayBuffer } | { readonly error: Pick<AppError, 'code' | 'message' | 'issues'> };

// Any other error ends the thread, which the caller notices.
serveIdleThread(({ input, text, at }: TensorTextRequest) =>
  answer(input, Buffer.from(text.buffer, text.byteOffset, text.byteLength), at),
);

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
