import { createHash, randomUUID } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../errors/app-error.js';
import { isBlobKey, keyCreatedAt, requireBlobKey } from './blob-key.js';
import type { StoredBlob } from './blob-store.js';
import type { DiskBlobStore } from './disk-blob-store.js';
import { flushFolder, isNotFound, namesIn } from './disk-files.js';
import { etagOf, joinedNumber, joinParts, partName, readDigest, readJoined } from './disk-part-join.js';
import { makeFolder } from './folders.js';
import type {
  MultipartStore,
  MultipartUpload,
  PartAllowance,
  PartReference,
  UnfinishedMultipart,
  UploadedPart,
} from './multipart-store.js';
import { chosenParts, invalidParts, multipartNotFound, requirePartNumber } from './part-list.js';

const FOLDER = 'multipart';
const PART = /^\d{5}$/;

/** Signs a URL of this API at which {@link DiskMultipartStore.writePart} receives a part. */
export type SignPartUrl = (upload: MultipartUpload, partNumber: number, allowance: PartAllowance) => string;

/** {@link MultipartStore} in the folder of a blob store: `multipart/<key>/<five digits of the part number>`. */
export class DiskMultipartStore implements MultipartStore {
  readonly #root: string;
  readonly #blobs: DiskBlobStore;
  readonly #sign: SignPartUrl;

  /** @param mediaFolder root of `blobs` */
  constructor(mediaFolder: string, blobs: DiskBlobStore, sign: SignPartUrl) {
    this.#root = join(resolve(mediaFolder), FOLDER);
    this.#blobs = blobs;
    this.#sign = sign;
  }

  async create(): Promise<MultipartUpload> {
    const key = uuidv7();
    await makeFolder(join(this.#root, key), 0o700);
    return { key, uploadId: key };
  }

  presignPart(upload: MultipartUpload, partNumber: number, allowance: PartAllowance): Promise<string> {
    requirePartNumber(partNumber);
    return Promise.resolve(this.#sign(upload, partNumber, allowance));
  }

  /**
   * Receives one part, in place of an earlier one with its number.
   * @param limits `bytes` is the exact size, where it is known
   * @throws AppError MULTIPART_NOT_FOUND, FILE_TOO_LARGE beyond `maxBytes`, CONTENT_MISMATCH for another size,
   *   MULTIPART_PARTS_INVALID for another content than that which a completion has joined
   */
  async writePart(
    upload: MultipartUpload,
    partNumber: number,
    {
      body,
      maxBytes,
      bytes,
    }: { readonly body: AsyncIterable<Uint8Array>; readonly maxBytes: number; readonly bytes?: number },
  ): Promise<UploadedPart> {
    requirePartNumber(partNumber);
    const folder = this.#folderOf(upload);
    const incoming = join(folder, `incoming.${randomUUID()}`);
    try {
      const received = await writeWithDigest(incoming, body, maxBytes);
      if (bytes !== undefined && received.bytes !== bytes) throw wrongSize(partNumber, received.bytes, bytes);
      const joined = await readJoined(folder, partNumber);
      if (joined) {
        await rm(incoming);
        if (joined.etag !== received.etag) throw joinedAlready(partNumber);
        return { partNumber, ...received };
      }
      await rename(incoming, join(folder, partName(partNumber)));
      await flushFolder(folder);
      return { partNumber, ...received };
    } catch (error) {
      await rm(incoming, { force: true });
      throw isNotFound(error) ? multipartNotFound(error) : error;
    }
  }

  async parts(upload: MultipartUpload): Promise<readonly UploadedPart[]> {
    const folder = this.#folderOf(upload);
    if (!(await isFolder(folder))) throw multipartNotFound();
    const names = await namesIn(folder);
    const numbers = names.flatMap((name) => (PART.test(name) ? Number(name) : (joinedNumber(name) ?? [])));
    const found: UploadedPart[] = [];
    for (const partNumber of [...new Set(numbers)].sort((one, other) => one - other)) {
      const part =
        (await readJoined(folder, partNumber)) ??
        (await readPart(join(folder, partName(partNumber))).catch(() => null));
      if (part) found.push({ partNumber, etag: part.etag, bytes: part.bytes });
    }
    return found;
  }

  /**
   * Each part is removed once it is in the joined file, so the disk needs room for one part more; an interrupted
   * completion is continued.
   */
  async complete(upload: MultipartUpload, wanted: readonly PartReference[]): Promise<StoredBlob> {
    const { key } = upload;
    const folder = this.#folderOf(upload);
    if (await this.#blobs.exists(key)) {
      await this.abort(upload);
      return { key, bytes: await this.#blobs.size(key) };
    }
    const parts = chosenParts(wanted, await this.parts(upload));
    try {
      const bytes = await this.#blobs.adopt(await joinParts(folder, parts), key);
      await this.abort(upload);
      return { key, bytes };
    } catch (error) {
      // Another process has completed it meanwhile.
      const isGone = isNotFound(error) || (error instanceof AppError && error.code === 'MULTIPART_NOT_FOUND');
      if (isGone && (await this.#blobs.exists(key))) return { key, bytes: await this.#blobs.size(key) };
      throw isNotFound(error) ? multipartNotFound(error) : error;
    }
  }

  async abort(upload: MultipartUpload): Promise<void> {
    await rm(this.#folderOf(upload), { recursive: true, force: true, maxRetries: 3 });
  }

  async *unfinished(): AsyncGenerator<UnfinishedMultipart> {
    for (const key of await namesIn(this.#root)) {
      if (isBlobKey(key)) yield { key, uploadId: key, startedAt: keyCreatedAt(key) };
    }
  }

  #folderOf({ key, uploadId }: MultipartUpload): string {
    requireBlobKey(key);
    if (uploadId !== key) throw multipartNotFound();
    return join(this.#root, key);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );

async function writeWithDigest(path: string, body: AsyncIterable<Uint8Array>, maxBytes: number) {
  await using file = await open(path, 'wx', 0o600);
  const hash = createHash('md5');
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge(maxBytes);
    hash.update(chunk);
    await file.appendFile(chunk);
  }
  const digest = hash.digest();
  await file.appendFile(digest);
  await file.sync();
  return { bytes, etag: etagOf(digest) };
}

async function readPart(path: string): Promise<Pick<UploadedPart, 'etag' | 'bytes'>> {
  await using file = await open(path, 'r');
  return await readDigest(file);
}

const tooLarge = (maxBytes: number): AppError =>
  new AppError('FILE_TOO_LARGE', { message: `The part has more than ${String(maxBytes)} bytes.` });

const wrongSize = (partNumber: number, received: number, declared: number): AppError =>
  new AppError('CONTENT_MISMATCH', {
    message: `Part ${String(partNumber)} has ${String(received)} bytes instead of ${String(declared)}.`,
    details: { partNumber, bytes: received, declaredBytes: declared },
  });

const joinedAlready = (partNumber: number): AppError =>
  invalidParts(`Part ${String(partNumber)} was joined by a completion and cannot be replaced.`);
