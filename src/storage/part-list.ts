import { AppError } from '../errors/app-error.js';
import { MAX_PARTS, MIN_PART_BYTES, type PartReference, type UploadedPart } from './multipart-store.js';

const bare = (etag: string): string => etag.replace(/^"|"$/g, '');

/**
 * The received parts that a client listed, checked as S3 checks them.
 * @throws AppError MULTIPART_PARTS_INVALID (invalid) naming the first problem
 */
export function chosenParts(
  wanted: readonly PartReference[],
  received: readonly UploadedPart[],
): readonly UploadedPart[] {
  if (wanted.length === 0) throw invalidParts('The list of parts is empty.');
  const known = new Map(received.map((part) => [part.partNumber, part]));
  return wanted.map(({ partNumber, etag }, index) => {
    const before = wanted[index - 1]?.partNumber ?? 0;
    if (partNumber <= before)
      throw invalidParts(`Part ${String(partNumber)} is listed after part ${String(before)}.`);
    const part = known.get(partNumber);
    if (!part) throw invalidParts(`Part ${String(partNumber)} was not received.`);
    if (bare(part.etag) !== bare(etag))
      throw invalidParts(`Part ${String(partNumber)} has the ETag ${part.etag}, not "${bare(etag)}".`);
    if (part.bytes < MIN_PART_BYTES && index < wanted.length - 1)
      throw invalidParts(
        `Part ${String(partNumber)} has ${String(part.bytes)} bytes; all but the last part need at least ${String(MIN_PART_BYTES)}.`,
      );
    return part;
  });
}

export const invalidParts = (message: string, cause?: unknown): AppError =>
  new AppError('MULTIPART_PARTS_INVALID', { message, cause });

/** @throws TypeError: callers validate the numbers of clients, so another one is a bug */
export function requirePartNumber(partNumber: number): void {
  if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > MAX_PARTS)
    throw new TypeError(`a part number must be an integer from 1 to ${MAX_PARTS}`);
}

/** Error of an upload that was completed, aborted or never created. */
export const multipartNotFound = (cause?: unknown): AppError =>
  new AppError('MULTIPART_NOT_FOUND', {
    message: 'The multipart upload does not exist: it was completed or aborted, or has expired.',
    cause,
  });
