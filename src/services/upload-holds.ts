import type { IncomingUpload, UploadEnd, UploadProblem } from '../domain/incoming-upload.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';

/** Holds the estimated price of a new upload. @throws AppError INSUFFICIENT_CREDITS */
export async function holdForUpload(
  { ledger }: Pick<TransactionScope, 'ledger'>,
  { id, userId, name, held }: Pick<IncomingUpload, 'id' | 'userId' | 'name' | 'held'>,
): Promise<void> {
  if (held === 0n) return;
  const description = `Held for the upload of ${name}`;
  await ledger.append({ userId, uploadId: id, kind: 'hold', amount: held, delta: -held, description });
}

/** Releases the hold of an upload that ends in the same transaction. */
export async function releaseHold(
  { ledger }: Pick<TransactionScope, 'ledger'>,
  { id, userId, name, held }: Pick<IncomingUpload, 'id' | 'userId' | 'name' | 'held'>,
): Promise<void> {
  if (held === 0n) return;
  const description = `Released from the upload of ${name}`;
  await ledger.append({ userId, uploadId: id, kind: 'release', amount: held, delta: held, description });
}

/**
 * The one way an upload ends without media: state, release of the hold and of the reserved bytes.
 * @param upload its row under lock, unfinished
 */
export async function endUpload(
  scope: Pick<TransactionScope, 'uploads' | 'ledger' | 'quotas'>,
  upload: IncomingUpload,
  { state, problem }: { readonly state: UploadEnd; readonly problem?: UploadProblem },
): Promise<void> {
  await scope.uploads.end(upload.id, state, problem);
  await releaseHold(scope, upload);
  await scope.quotas.release(upload.id);
}
