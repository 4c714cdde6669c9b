import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const digests = new Map<string, { readonly stamp: string; readonly sha256: string }>();

/** A value that changes whenever a file is written or replaced; `-` for a missing file. */
export async function stampOf(path: string): Promise<string> {
  const file = await stat(path).catch(() => null);
  // Includes the change time, because `cp -p` and `tar` set the modification time to any value.
  return file ? [file.size, file.mtimeMs, file.ctimeMs, file.ino].join(' ') : '-';
}

/** SHA-256 of a file, cached until the file changes, since hashing a large file takes about a second. */
export async function fileSha256(path: string): Promise<string> {
  const stamp = await stampOf(path);
  const known = digests.get(path);
  if (known?.stamp === stamp) return known.sha256;
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const sha256 = hash.digest('hex');
  digests.set(path, { stamp, sha256 });
  return sha256;
}
