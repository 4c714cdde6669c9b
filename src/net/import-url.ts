import { MAX_OUTBOUND_URL_LENGTH } from '../domain/outbound.js';
import type { AddressPolicy } from './outbound-address.js';
import { outboundUrlProblem } from './outbound-url.js';

/** An object of an S3-compatible store. */
export interface S3Object {
  readonly bucket: string;
  readonly key: string;
}

/** From where files are imported. */
export interface ImportPolicy extends AddressPolicy {
  /** Buckets whose objects every user may import. */
  readonly s3Buckets: readonly string[];
}

const S3_URL = /^s3:\/\/([^/]*)\/(.*)$/is;
/** As S3 has it. */
const MAX_KEY_BYTES = 1024;
// URLs are normalised before they are sent, which would name another object.
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/;

/** Whether a URL names an object of a store: `s3://bucket/key`. The key is used as it is, without decoding. */
export const isS3Url = (text: string): boolean => /^s3:/i.test(text);

/** Why a URL is not imported; undefined for one that may be. */
export function importUrlProblem(text: string, policy: ImportPolicy): string | undefined {
  return isS3Url(text) ? s3UrlProblem(text, policy.s3Buckets) : outboundUrlProblem(text, policy);
}

/** The object that a URL names; null for another URL. */
export function s3ObjectOf(text: string): S3Object | null {
  const [, bucket, key] = S3_URL.exec(text) ?? [];
  return bucket === undefined ? null : { bucket, key };
}

function s3UrlProblem(text: string, buckets: readonly string[]): string | undefined {
  if (buckets.length === 0)
    return 'must start with https:// or http://: this installation imports from no bucket (IMPORT_S3_BUCKETS)';
  if (text.length > MAX_OUTBOUND_URL_LENGTH) return `must have at most ${MAX_OUTBOUND_URL_LENGTH} characters`;
  const object = s3ObjectOf(text);
  if (!object || object.bucket === '') return 'must have the form s3://bucket/key';
  const { bucket, key } = object;
  if (!buckets.includes(bucket))
    return `is in the bucket "${bucket.slice(0, 63)}", from which this installation does not import (IMPORT_S3_BUCKETS)`;
  if (key === '' || key.endsWith('/')) return 'must name an object, not a bucket or folder';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `must have a key of at most ${MAX_KEY_BYTES} bytes`;
  if (DOT_SEGMENT.test(key)) return 'must not contain the segments "." and ".."';
  if (/\p{Cc}|\p{Cs}/u.test(key)) return 'must not contain control characters';
  return undefined;
}
