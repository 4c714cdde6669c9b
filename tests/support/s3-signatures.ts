import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** A request as it came. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The only account that is known; frozen as settings are. */
export const S3_CREDENTIALS = Object.freeze({
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'a secret/with+signs',
});

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, data: string): Buffer => createHmac('sha256', key).update(data).digest();
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

interface Claim {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly payload: string;
  readonly expiresSeconds: number | null;
}

function claimOf({ headers }: SignedRequest, query: URLSearchParams): Claim | null {
  const signature = query.get('X-Amz-Signature');
  if (signature !== null)
    return {
      signature,
      credential: query.get('X-Amz-Credential') ?? '',
      signedHeaders: query.get('X-Amz-SignedHeaders') ?? '',
      date: query.get('X-Amz-Date') ?? '',
      payload: 'UNSIGNED-PAYLOAD',
      expiresSeconds: Number(query.get('X-Amz-Expires')),
    };
  const parts = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
    headers.authorization ?? '',
  );
  if (!parts) return null;
  const [, credential, signedHeaders, given] = parts;
  const header = (name: string): string => String(headers[name] ?? '');
  const [date, payload] = [header('x-amz-date'), header('x-amz-content-sha256')];
  return { credential, signedHeaders, signature: given, date, payload, expiresSeconds: null };
}

/**
 * Checks the signature of a request to S3 ("Signature Version 4", by header or in the query of a presigned URL), its content
 * and its age.
 * @returns the code of the error that S3 gives, or null
 */
export function signatureProblem(request: SignedRequest, now = new Date()): string | null {
  const [path, rawQuery = ''] = request.target.split('?');
  const claim = claimOf(request, new URLSearchParams(rawQuery));
  if (!claim) return 'AccessDenied';
  const [accessKeyId, day, region, service] = claim.credential.split('/');
  if (accessKeyId !== S3_CREDENTIALS.accessKeyId) return 'InvalidAccessKeyId';
  if (claim.payload !== 'UNSIGNED-PAYLOAD' && claim.payload !== sha256(request.body))
    return 'XAmzContentSHA256Mismatch';
  const query = [...new URLSearchParams(rawQuery)]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join('&');
  const names = claim.signedHeaders.split(';');
  const headers = names.map((name) => `${name}:${String(request.headers[name] ?? '').trim()}\n`).join('');
  const canonical = [request.method, path, query, headers, claim.signedHeaders, claim.payload].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', claim.date, scope, sha256(canonical)].join('\n');
  const key = [region, service, 'aws4_request'].reduce(
    hmac,
    hmac(`AWS4${S3_CREDENTIALS.secretAccessKey}`, day),
  );
  if (hmac(key, toSign).toString('hex') !== claim.signature) return 'SignatureDoesNotMatch';
  const signedAt = Date.parse(claim.date.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const age = now.getTime() - signedAt;
  if (claim.expiresSeconds === null) return Math.abs(age) > 900_000 ? 'RequestTimeTooSkewed' : null;
  return age > claim.expiresSeconds * 1000 ? 'AccessDenied' : null;
}
