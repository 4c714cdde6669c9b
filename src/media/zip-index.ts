import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { openPromise } from 'yauzl';
import { MEDIA_MIME } from '../domain/media-types.js';
import type { ResultMedia } from '../domain/result.js';

/** An uncompressed member of an archive written by this program. */
export interface StoredMember {
  readonly name: string;
  readonly bytes: number;
  /** Offset of its first byte in the archive. */
  readonly offset: number;
  readonly sha256: string;
}

/**
 * Locates the uncompressed members of an archive, so that they can be served as ranges of it. Compressed
 * members are omitted. Only for archives that this program wrote.
 */
export async function indexZip(path: string): Promise<StoredMember[]> {
  const zip = await openPromise(path, { autoClose: false });
  try {
    const members: StoredMember[] = [];
    for await (const entry of zip.eachEntry()) {
      if (entry.compressionMethod !== 0) continue;
      const { fileDataStart: offset } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const bytes = entry.uncompressedSize;
      members.push({ name: entry.fileName, bytes, offset, sha256: await hashOf(path, offset, bytes) });
    }
    return members;
  } finally {
    zip.close();
  }
}

/** The images and videos among the members of an archive, in their order; empty files are omitted. */
export function mediaAmong(members: readonly StoredMember[]): ResultMedia[] {
  return members.flatMap((member) => {
    const type = MEDIA_MIME[member.name.slice(member.name.lastIndexOf('.') + 1).toLowerCase()];
    if (type === undefined || member.bytes === 0) return [];
    return [{ ...member, type, kind: type.startsWith('video/') ? 'video' : 'image' }];
  });
}

async function hashOf(path: string, offset: number, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  if (bytes === 0) return hash.digest('hex');
  for await (const chunk of createReadStream(path, { start: offset, end: offset + bytes - 1 }))
    hash.update(chunk as Buffer);
  return hash.digest('hex');
}
