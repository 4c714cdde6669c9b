import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalCopies } from '../../../src/storage/local-copies.js';
import { S3BlobStore } from '../../../src/storage/s3/s3-blob-store.js';
import { S3Bucket } from '../../../src/storage/s3/s3-bucket.js';
import { S3MultipartStore } from '../../../src/storage/s3/s3-multipart-store.js';
import { describeBlobStore } from '../../support/contracts/blob-store.contract.js';
import { describeMultipartStore } from '../../support/contracts/multipart-store.contract.js';
import { hasMoto, startS3Server } from '../../support/s3-server.js';

/** Skipped where no Python has moto, see INFERNODE_PYTHON. */
const describeWithMoto = hasMoto() ? describe : describe.skip;

async function open() {
  const server = await startS3Server();
  const folder = await mkdtemp(join(tmpdir(), 'copies-'));
  const bucket = new S3Bucket(server.settings);
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
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describeWithMoto('S3', () => {
  describeBlobStore(open);
  describeMultipartStore(open);
});
