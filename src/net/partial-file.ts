import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import type { DownloadedFile } from '../domain/download.js';

const source = z.object({
  url: z.string(),
  /** A strong ETag or a date, for `If-Range`. */
  validator: z.string(),
  /** Size of the complete file. */
  total: z.number().int().min(0).nullable(),
});

/** Where the bytes of a partial file are from. */
export type PartialSource = z.infer<typeof source>;

/** A partial file that can be continued. */
export type PartialFile = PartialSource & { readonly bytes: number };

const sourcePath = (target: string): string => `${target}.source`;

/** What is known of a partial file; null when there is none of this URL that can be continued. */
export async function readPartial(target: string, url: string): Promise<PartialFile | null> {
  try {
    const found = source.parse(JSON.parse(await readFile(sourcePath(target), 'utf8')));
    const { size } = await stat(target);
    return found.url === url && size > 0 ? { ...found, bytes: size } : null;
  } catch {
    // Missing, or cut off by a crash.
    return null;
  }
}

/** Starts a file again; without a validator it cannot be continued. */
export async function startPartial(target: string, from: PartialSource | null): Promise<FileHandle> {
  await rm(sourcePath(target), { force: true });
  const file = await open(target, 'w', 0o600);
  if (from) {
    // Renamed, so that it is complete or missing after a crash.
    await writeFile(`${sourcePath(target)}.new`, JSON.stringify(from), { mode: 0o600 });
    await rename(`${sourcePath(target)}.new`, sourcePath(target));
  }
  return file;
}

/** Size and digest of a complete file. */
export async function digestOf(target: string): Promise<DownloadedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(target) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}
