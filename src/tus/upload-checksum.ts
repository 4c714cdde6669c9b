import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError } from '../errors/app-error.js';

/** Algorithms of the header `Upload-Checksum`. */
const CHECKSUM_ALGORITHMS = ['sha1', 'sha256', 'md5'] as const;
type Algorithm = (typeof CHECKSUM_ALGORITHMS)[number];

/** Checksum of the body of one request. */
export interface UploadChecksum {
  readonly algorithm: Algorithm;
  readonly digest: Buffer;
}

const HEADER = /^([a-z0-9-]{1,20}) ([A-Za-z0-9+/]{1,128}={0,2})$/;
const isKnown = (name: string): name is Algorithm =>
  (CHECKSUM_ALGORITHMS as readonly string[]).includes(name);

/**
 * Parses the header `Upload-Checksum`; null without one.
 * @throws AppError TUS_REQUEST_INVALID, UPLOAD_EXTENSION_UNSUPPORTED for another algorithm
 */
export function parseChecksum(header: string | undefined): UploadChecksum | null {
  if (header === undefined) return null;
  const [, name = '', text = ''] = HEADER.exec(header) ?? [];
  if (text === '')
    throw new AppError('TUS_REQUEST_INVALID', {
      message: 'Upload-Checksum must be the name of an algorithm, a space and the checksum in base64.',
    });
  if (!isKnown(name))
    throw new AppError('UPLOAD_EXTENSION_UNSUPPORTED', {
      message: `Upload-Checksum: the algorithm must be one of ${CHECKSUM_ALGORITHMS.join(', ')}; the given one is ${name}.`,
    });
  return { algorithm: name, digest: Buffer.from(text, 'base64') };
}

/**
 * Passes bytes on and compares their checksum at the end.
 * @throws AppError UPLOAD_CHECKSUM_MISMATCH
 */
export async function* checked(
  source: AsyncIterable<Uint8Array>,
  { algorithm, digest }: UploadChecksum,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash(algorithm);
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  const actual = hash.digest();
  if (actual.length === digest.length && timingSafeEqual(actual, digest)) return;
  throw new AppError('UPLOAD_CHECKSUM_MISMATCH', {
    message: `The ${algorithm} of the body is ${actual.toString('base64')}, not ${digest.toString('base64')}.`,
  });
}
