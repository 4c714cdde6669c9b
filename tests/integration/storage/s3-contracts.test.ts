import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCopies } from '../../../src/storage/local-copies.js';
import { S3BlobStore } from '../../../src/storage/s3/s3-blob-store.js';
import { S3Bucket, type S3Settings } from '../../../src/storage/s3/s3-bucket.js';
import { S3MultipartStore } from '../../../src/storage/s3/s3-multipart-store.js';
import { describeBlobStore } from '../../support/contracts/blob-store.contract.js';
import { describeMultipartStore } from '../../support/contracts/multipart-store.contract.js';
import { hasMoto, startS3Server } from '../../support/s3-server.js';

/** Skipped where no Python has moto, see INFERNODE_PYTHON. */
const describeWithMoto = hasMoto() ? describe : describe.skip;

/** A store of the caller with an existing bucket: `INFERNODE_TEST_S3_ENDPOINT` and so on. */
function ownStore(): S3Settings | null {
  const of = (name: string): string => process.env[`INFERNODE_TEST_S3_${name}`] ?? '';
  if (of('ENDPOINT') === '') return null;
  return {
    endpoint: of('ENDPOINT'),
    region: of('REGION') || 'us-east-1',
    bucket: of('BUCKET'),
    prefix: `infernode-tests/${randomUUID()}/`,
    forcePathStyle: true,
    credentials: { accessKeyId: of('ACCESS_KEY_ID'), secretAccessKey: of('SECRET_ACCESS_KEY') },
  };
}

async function openStore(settings: S3Settings, closeServer: () => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'copies-'));
  const bucket = new S3Bucket(settings);
  const store = new S3BlobStore(bucket, new LocalCopies(folder, { maxBytes: 64 * 2 ** 20 }));
  return {
    store,
    blobs: store,
    multipart: new S3MultipartStore(bucket, store),
    send: async (url: string, body: Buffer) => {
      const response = await fetch(url, { method: 'PUT', body });
      if (!response.ok) throw new Error(await response.text());
      return response.headers.get('etag') ?? '';
    },
    close: async () => {
      bucket.close();
      await closeServer();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function openMoto() {
  const server = await startS3Server();
  return openStore(server.settings, () => server.close());
}

describeWithMoto('S3', () => {
  describeBlobStore(openMoto);
  describeMultipartStore(openMoto);
});

const own = ownStore();
if (own)
  describe(`S3 at ${own.endpoint ?? ''}`, () => {
    const open = () => openStore(own, () => Promise.resolve());
    describeBlobStore(open);
    describeMultipartStore(open);
  });
