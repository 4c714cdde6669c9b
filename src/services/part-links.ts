import { createHmac, timingSafeEqual } from 'node:crypto';
import { PART_URL_SECONDS } from '../domain/incoming-upload.js';
import { AppError } from '../errors/app-error.js';

/** Query parameters that sign the URL of a part. */
export interface PartSignature {
  readonly expires?: string;
  /** Exact size of the part, if the size of the upload is known. */
  readonly bytes?: string;
  readonly signature?: string;
}

/** Signs URLs of this API that take one part each, by PUT. A URL is bound to its upload, part, size and expiry. */
export class PartLinks {
  readonly #key: Buffer;
  readonly #now: () => Date;

  /** @param key that of download links, which are bound to GET */
  constructor(key: Buffer, now: () => Date = () => new Date()) {
    this.#key = key;
    this.#now = now;
  }

  /** Path and query of the URL. */
  sign(
    uploadId: string,
    partNumber: number,
    { expiresSeconds, bytes }: { readonly expiresSeconds: number; readonly bytes?: number },
  ): string {
    const path = pathOf(uploadId, partNumber);
    const expires = String(Math.floor(this.#now().getTime() / 1000) + expiresSeconds);
    const size = bytes === undefined ? undefined : String(bytes);
    const signature = this.#mac(path, expires, size);
    const query = new URLSearchParams({ expires, ...(size !== undefined && { bytes: size }), signature });
    return `${path}?${String(query)}`;
  }

  /** @throws AppError UPLOAD_URL_INVALID */
  verify(uploadId: string, partNumber: number, { expires = '', bytes, signature = '' }: PartSignature): void {
    const seconds = Number(expires) - this.#now().getTime() / 1000;
    const expected = Buffer.from(this.#mac(pathOf(uploadId, partNumber), expires, bytes));
    const given = Buffer.from(signature);
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    if (!genuine || !(seconds > 0 && seconds <= PART_URL_SECONDS)) throw invalidPartUrl();
  }

  #mac(path: string, expires: string, bytes = ''): string {
    return createHmac('sha256', this.#key).update(`PUT\n${path}\n${expires}\n${bytes}`).digest('base64url');
  }
}

/** The same error for every invalid URL, so that it does not reveal what is wrong. */
export const invalidPartUrl = (): AppError =>
  new AppError('UPLOAD_URL_INVALID', {
    message: 'The URL of this part is not valid or has expired; ask for a new one.',
  });

const pathOf = (uploadId: string, partNumber: number): string =>
  `/api/uploads/multipart/${uploadId}/parts/${partNumber}`;
