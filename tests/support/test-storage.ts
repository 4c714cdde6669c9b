import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { openBackend } from '../../src/composition/storage.js';
import type { StorageBackend } from '../../src/composition/storage-backend.js';
import { parseSettings, type Settings } from '../../src/config/settings.js';
import { silentLogger } from '../../src/logging/logger.js';
import { DiskBlobStore } from '../../src/storage/disk-blob-store.js';
import type { ResumableStore, ResumableUpload } from '../../src/storage/resumable-store.js';
import { S3Bucket } from '../../src/storage/s3/s3-bucket.js';
import { startS3Server, type S3Server } from './s3-server.js';

type Kind = Settings['storage']['kind'];

/** Storage of the tests that do not choose one: `npm test -- --storage s3`. */
const TEST_STORAGE: Kind = process.env.INFERNODE_TEST_STORAGE === 's3' ? 's3' : 'disk';

/** Storage of an installation under test. */
export interface TestStorage extends StorageBackend {
  readonly kind: Kind;
  /** Names of everything that is stored: files, previews, parts and bytes of unfinished uploads. */
  names(): Promise<string[]>;
  /** Keys of multipart uploads that are neither complete nor aborted; on disk also their files. */
  unfinishedParts(): Promise<string[]>;
  /** Bytes of a resumable upload that the store has taken from requests, stored or not. */
  receivedBytes(id: string): number;
  /** Damages a stored file: gives it another content. */
  overwrite(key: string, content: Buffer): Promise<void>;
}

let server: Promise<S3Server> | undefined;
/** The S3 of this process of the test run. */
const sharedS3 = (): Promise<S3Server> => (server ??= startS3Server());

/** Variables of processes of the installation with this data folder. */
export async function storageEnvironment(dataFolder: string): Promise<Readonly<Record<string, string>>> {
  if (TEST_STORAGE === 'disk') return {};
  const { environment } = await sharedS3();
  return { ...environment, S3_PREFIX: `${environment.S3_PREFIX}${path.relative('/', dataFolder)}/` };
}

/** Opens a storage below the folder of an API. */
export async function openTestStorage(folder: string, kind: Kind = TEST_STORAGE): Promise<TestStorage> {
  if (kind === 'disk') return openDisk(folder);
  const { environment } = await sharedS3();
  const settings = parseSettings({
    ...environment,
    S3_PREFIX: `${environment.S3_PREFIX}${path.basename(folder)}/`,
    DATA_DIR: folder,
  });
  const backend = await openBackend('s3', settings, { log: silentLogger });
  const { s3 } = settings.storage;
  if (!s3) throw new Error('The settings have no bucket.');
  const bucket = new S3Bucket(s3);
  return {
    ...backend,
    kind,
    ...watched(backend),
    names: () => objectNames(bucket),
    unfinishedParts: () => openParts(bucket),
    overwrite: async (key, Body) => {
      await bucket.client.send(new PutObjectCommand({ ...bucket.at(`media/${key}`), Body }));
      await rm(path.join(folder, 'media-cache', 'files', key.slice(-2), key), { force: true });
    },
    close: () => {
      bucket.close();
      backend.close();
    },
  };
}

async function openDisk(folder: string): Promise<TestStorage> {
  const media = path.join(folder, 'media');
  await mkdir(media, { recursive: true });
  const backend = await openBackend('disk', parseSettings({ DATA_DIR: folder, MEDIA_DIR: media }), {
    log: silentLogger,
  });
  return {
    ...backend,
    kind: 'disk',
    ...watched(backend),
    names: async () => (await readdir(media, { recursive: true })).filter((name) => name.includes(path.sep)),
    unfinishedParts: () => readdir(path.join(media, 'multipart'), { recursive: true }).catch(() => []),
    overwrite: async (key, content) => writeFile(await new DiskBlobStore(media).path(key), content),
  };
}

async function objectNames(bucket: S3Bucket): Promise<string[]> {
  const { Contents = [], IsTruncated } = await bucket.client.send(
    new ListObjectsV2Command({ Bucket: bucket.name, Prefix: bucket.keyOf('') }),
  );
  if (IsTruncated) throw new Error('A test stores more files than one page lists.');
  const objects = Contents.map(({ Key = '' }) => Key.slice(bucket.keyOf('').length));
  return [...objects, ...(await openParts(bucket))];
}

async function openParts(bucket: S3Bucket): Promise<string[]> {
  const start = bucket.keyOf('media/');
  const request = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: start });
  const { Uploads = [] } = await bucket.client.send(request);
  return Uploads.map(({ Key = '' }) => Key.slice(start.length)).filter((_, index) =>
    Uploads[index].Key?.startsWith(start),
  );
}

function watched(backend: StorageBackend): Pick<TestStorage, 'resumable' | 'receivedBytes'> {
  const received = new Map<string, number>();
  return {
    resumable: () => new WatchedUploads(backend.resumable(), received),
    receivedBytes: (id) => received.get(id) ?? 0,
  };
}

/** Counts the bytes that a store takes. */
class WatchedUploads implements ResumableStore {
  readonly #store: ResumableStore;
  readonly #received: Map<string, number>;

  constructor(store: ResumableStore, received: Map<string, number>) {
    this.#store = store;
    this.#received = received;
  }

  append(id: string, offset: number, body: AsyncIterable<Uint8Array>): Promise<number> {
    const received = this.#received;
    async function* counted(): AsyncGenerator<Uint8Array, void, undefined> {
      for await (const chunk of body) {
        yield chunk;
        received.set(id, (received.get(id) ?? 0) + chunk.length);
      }
    }
    return this.#store.append(id, offset, counted());
  }

  create = (id: string): Promise<void> => this.#store.create(id);
  size = (id: string): Promise<number> => this.#store.size(id);
  fetch = (id: string, target: string): Promise<void> => this.#store.fetch(id, target);
  remove = (id: string): Promise<void> => this.#store.remove(id);
  list = (): AsyncIterable<ResumableUpload> => this.#store.list();
}
