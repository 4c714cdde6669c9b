import { randomUUID } from 'node:crypto';
import { presentStored } from '../controllers/upload.presenter.js';
import { TUS_PATH } from '../schemas/tus.schema.js';
import type { IncomingStores } from '../services/incoming-store.js';
import { IncomingUploadService } from '../services/incoming-upload.service.js';
import { MultipartIncomingStore } from '../services/multipart-incoming-store.js';
import { MultipartUploadService } from '../services/multipart-upload.service.js';
import { PartLinks } from '../services/part-links.js';
import { ResumableIncomingStore } from '../services/resumable-incoming-store.js';
import { UploadCompletion } from '../services/upload-completion.js';
import type { UploadService } from '../services/upload.service.js';
import type { BlobStore } from '../storage/blob-store.js';
import { TusProtocol } from '../tus/tus-protocol.js';
import type { ApiDeps, IncomingParts } from './api-deps.js';
import type { StorageBackend } from './storage-backend.js';

/** Receives uploads in the storage; on the local disk parts come to signed URLs of this API. */
export function incomingParts(
  storage: Pick<StorageBackend, 'multipart' | 'resumable'>,
  linkKey: Buffer,
): Omit<IncomingParts, 'locks'> {
  const links = new PartLinks(linkKey);
  const { store, disk } = storage.multipart(({ key }, part, allowance) => links.sign(key, part, allowance));
  return { multipart: store, writer: disk, resumable: storage.resumable() };
}

/** Stores by protocol. */
export const incomingStores = (
  { multipart, resumable }: Pick<IncomingParts, 'multipart' | 'resumable'>,
  blobs: Pick<BlobStore, 'borrow' | 'remove'>,
): IncomingStores => ({
  multipart: new MultipartIncomingStore(multipart, blobs),
  tus: new ResumableIncomingStore(resumable),
});

/** Creates the services of uploads in several requests. */
export function createIncomingUploads(
  {
    settings,
    unitOfWork,
    uploads: places,
    incoming,
    keys,
  }: Pick<ApiDeps, 'settings' | 'unitOfWork' | 'uploads' | 'incoming' | 'keys'>,
  uploads: UploadService,
) {
  const stores = incomingStores(incoming, places.store);
  const requireSpace = (bytes: number): Promise<void> => places.inspector.requireSpace(bytes);
  const completion = new UploadCompletion({
    unitOfWork,
    uploads,
    stores,
    tempFolder: () => places.tempFolders.create('uploads', randomUUID()),
    present: presentStored,
  });
  const { maxResumableBytes, lifetimeMs, openPerUser } = settings.upload;
  const incomingUploads = new IncomingUploadService({
    unitOfWork,
    completion,
    stores,
    requireSpace,
    locks: incoming.locks,
    limits: { maxBytes: maxResumableBytes, lifetimeMs, maxOpenPerUser: openPerUser, quotas: settings.quota },
  });
  const { uploads: rows, users } = unitOfWork.read;
  const multipartUploads = new MultipartUploadService({
    incoming: incomingUploads,
    store: incoming.multipart,
    writer: incoming.writer,
    links: new PartLinks(keys.linkKey),
    uploads: rows,
    users,
    requireSpace,
  });
  const tus = new TusProtocol({
    path: TUS_PATH,
    files: incoming.resumable,
    locks: incoming.locks,
    lifetimeMs,
    spoolFolder: () => places.tempFolders.create('uploads', randomUUID()),
  });
  return { incomingUploads, multipartUploads, tus };
}
