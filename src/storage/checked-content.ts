import { createHash } from 'node:crypto';
import { AppError } from '../errors/app-error.js';
import type { IncomingBlob } from './blob-store.js';

/** Passes bytes on while it counts and hashes them. */
export class CheckedContent implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #declared: Pick<IncomingBlob, 'bytes' | 'sha256'>;
  readonly #hash = createHash('sha256');
  #bytes = 0;
  #sha256: string | null = null;

  constructor(source: AsyncIterable<Uint8Array>, declared: Pick<IncomingBlob, 'bytes' | 'sha256'>) {
    this.#source = source;
    this.#declared = declared;
  }

  /** In hexadecimal; known when everything has been read. */
  get sha256(): string {
    if (this.#sha256 === null) throw new Error('the content has not been read to its end');
    return this.#sha256;
  }

  /** @throws AppError CONTENT_MISMATCH (invalid) as soon as the bytes differ from their declaration */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { bytes, sha256 } = this.#declared;
    for await (const chunk of this.#source) {
      this.#bytes += chunk.length;
      if (this.#bytes > bytes) break;
      this.#hash.update(chunk);
      yield chunk;
    }
    if (this.#bytes !== bytes) throw wrongSize(this.#bytes, bytes);
    this.#sha256 = this.#hash.digest('hex');
    if (sha256 !== undefined && this.#sha256 !== sha256) throw wrongChecksum(this.#sha256, sha256);
  }
}

function wrongSize(received: number, declared: number): AppError {
  const found = received > declared ? `more than ${String(declared)}` : String(received);
  return new AppError('CONTENT_MISMATCH', {
    message: `The content has ${found} bytes instead of the declared ${String(declared)}.`,
    details: { declaredBytes: declared },
  });
}

const wrongChecksum = (received: string, declared: string): AppError =>
  new AppError('CONTENT_MISMATCH', {
    message: `The content has the SHA-256 ${received} instead of the declared ${declared}.`,
    details: { sha256: received, declaredSha256: declared },
  });

/** SHA-256 of a stream, in hexadecimal. */
export async function sha256Of(source: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk);
  return hash.digest('hex');
}
