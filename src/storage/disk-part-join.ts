import { createHash, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { AppError } from '../errors/app-error.js';
import { flushFile, flushFolder, isNotFound, namesIn } from './disk-files.js';
import type { UploadedPart } from './multipart-store.js';
import { invalidParts, multipartNotFound } from './part-list.js';

/** MD5 of the content, which follows it in the file of a part, so that both are replaced together. */
const DIGEST_BYTES = 16;
const BUFFER_BYTES = 2 ** 20;
const JOINED_FILE = 'joined';
const MARKER = /^(\d{5})\.joined$/;

/** A part whose content is in the joined file, on stable storage; its own file is removed. */
const joinedPart = z.object({
  etag: z.string(),
  bytes: z.number().int().min(0),
  offset: z.number().int().min(0),
});
type JoinedPart = z.infer<typeof joinedPart>;

/** Name of the file of a part. */
export const partName = (partNumber: number): string => String(partNumber).padStart(5, '0');
const markerOf = (folder: string, partNumber: number): string =>
  join(folder, `${partName(partNumber)}.joined`);

/** ETag of a part with this MD5 sum. */
export const etagOf = (digest: Buffer): string => `"${digest.toString('hex')}"`;

/** Number of the part that a file of the folder marks as joined; null for other files. */
export function joinedNumber(name: string): number | null {
  const [, digits] = MARKER.exec(name) ?? [];
  return digits === undefined ? null : Number(digits);
}

/** Facts about a part that was joined; null for others. */
export async function readJoined(folder: string, partNumber: number): Promise<JoinedPart | null> {
  try {
    return joinedPart.parse(JSON.parse(await readFile(markerOf(folder, partNumber), 'utf8')));
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

/**
 * Writes the contents of parts one after the other into one file and removes each part once its content is on stable
 * storage, so that the disk needs room for one part more. It can be interrupted at any time and repeated, also by another
 * process meanwhile: every process writes the same bytes at the same places.
 * @returns path of the file
 * @throws AppError MULTIPART_PARTS_INVALID when a part was replaced meanwhile or joined at another place
 */
export async function joinParts(folder: string, parts: readonly UploadedPart[]): Promise<string> {
  const target = join(folder, JOINED_FILE);
  await requireJoinedAmong(folder, parts);
  let offset = 0;
  for (const part of parts) {
    await joinPart(folder, target, { ...part, offset });
    offset += part.bytes;
  }
  // What an interrupted completion with another list of parts has written behind it.
  await truncate(target, offset);
  return target;
}

/** A part that another list leaves out has its place in the file already. */
async function requireJoinedAmong(folder: string, parts: readonly UploadedPart[]): Promise<void> {
  const listed = new Set(parts.map(({ partNumber }) => partNumber));
  for (const name of await namesIn(folder)) {
    const joined = joinedNumber(name);
    if (joined !== null && !listed.has(joined)) throw otherList(joined);
  }
}

type PlacedPart = UploadedPart & { readonly offset: number };

async function joinPart(folder: string, target: string, part: PlacedPart): Promise<void> {
  if (await isJoined(folder, part)) return;
  const path = join(folder, partName(part.partNumber));
  try {
    await copyPart(path, target, part);
  } catch (error) {
    // Another process has just joined it.
    if (isNotFound(error) && (await isJoined(folder, part))) return;
    throw isNotFound(error) ? multipartNotFound(error) : error;
  }
  await mark(folder, part);
  await rm(path, { force: true });
}

async function isJoined(folder: string, { partNumber, etag, offset }: PlacedPart): Promise<boolean> {
  const joined = await readJoined(folder, partNumber);
  if (!joined) return false;
  if (joined.etag !== etag || joined.offset !== offset) throw otherList(partNumber);
  await rm(join(folder, partName(partNumber)), { force: true });
  return true;
}

async function copyPart(
  path: string,
  target: string,
  { partNumber, bytes, etag, offset }: PlacedPart,
): Promise<void> {
  await using source = await open(path, 'r');
  const stored = await readDigest(source);
  if (stored.etag !== etag || stored.bytes !== bytes)
    throw invalidParts(`Part ${String(partNumber)} was replaced while the upload was completed.`);
  await using file = await openForWriting(target);
  const hash = createHash('md5');
  const buffer = Buffer.alloc(Math.min(BUFFER_BYTES, Math.max(1, bytes)));
  for (let done = 0; done < bytes;) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, bytes - done), done);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    hash.update(chunk);
    await file.write(chunk, 0, bytesRead, offset + done);
    done += bytesRead;
  }
  await file.sync();
  if (etagOf(hash.digest()) !== etag)
    throw invalidParts(`Part ${String(partNumber)} is damaged; send it again.`);
}

/** Size and ETag of a part, from its open file. */
export async function readDigest(
  file: Awaited<ReturnType<typeof open>>,
): Promise<Pick<UploadedPart, 'etag' | 'bytes'>> {
  const bytes = (await file.stat()).size - DIGEST_BYTES;
  const digest = Buffer.alloc(DIGEST_BYTES);
  await file.read(digest, 0, DIGEST_BYTES, bytes);
  return { etag: etagOf(digest), bytes };
}

/** What is there already stays: it was written by an interrupted attempt. */
async function openForWriting(path: string) {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await writeFile(path, '', { flag: 'a', mode: 0o600 });
    return open(path, 'r+');
  }
}

async function mark(folder: string, { partNumber, etag, bytes, offset }: PlacedPart): Promise<void> {
  const temporary = join(folder, `incoming.${randomUUID()}`);
  const facts: JoinedPart = { etag, bytes, offset };
  await writeFile(temporary, JSON.stringify(facts), { mode: 0o600 });
  await flushFile(temporary);
  await rename(temporary, markerOf(folder, partNumber));
  await flushFolder(folder);
}

const otherList = (partNumber: number): AppError =>
  invalidParts(`Part ${String(partNumber)} was joined by a completion with another list of parts.`);
