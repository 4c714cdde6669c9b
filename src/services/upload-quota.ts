import { effectiveLimits, leftOf, type UploadUsage, type UserLimits } from '../domain/quota.js';
import type { TransactionScope } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';

/** An upload to be checked. */
export interface CheckedUpload {
  readonly limits: UserLimits;
  /** Usage without this upload. */
  readonly usage: UploadUsage;
  /** Bytes that it stores. */
  readonly stored: number;
  /** Bytes that are sent. */
  readonly uploaded: number;
}

/**
 * Rejects an upload that exceeds a quota.
 * @throws AppError STORAGE_QUOTA_EXCEEDED, FILE_TOO_LARGE (too_large), UPLOAD_QUOTA_EXCEEDED (rate_limited).
 */
export function requireUploadFits({ limits, usage, stored, uploaded }: CheckedUpload): void {
  const { storageBytes, uploadedBytes, reservedBytes } = usage;
  const storageLeft = leftOf(limits.storageBytes, storageBytes + reservedBytes);
  if (storageLeft !== null && stored > storageLeft) throw storageExceeded(limits.storageBytes, usage, stored);
  const uploadLeft = leftOf(limits.uploadBytesPerDay, uploadedBytes + reservedBytes);
  if (uploadLeft === null || uploaded <= uploadLeft) return;
  if (uploaded > limits.uploadBytesPerDay) throw largerThanDay(limits.uploadBytesPerDay, uploaded);
  throw uploadExceeded(limits.uploadBytesPerDay, usage, uploaded);
}

/** A finished upload, whose media are recorded in the same transaction. */
export interface FinishedUpload {
  readonly userId: string;
  /** Reservation made before the body was read, if any. */
  readonly reservation?: string;
  /** Bytes that were sent. */
  readonly uploaded: number;
}

/**
 * Counts a finished upload within the transaction that records its media, after them: what an archive
 * unpacks to is known only now. @throws AppError as {@link requireUploadFits}.
 */
export async function countUpload(
  { quotas }: Pick<TransactionScope, 'quotas'>,
  { userId, reservation, uploaded }: FinishedUpload,
  defaults: UserLimits,
): Promise<void> {
  const limits = effectiveLimits(defaults, await quotas.overrides(userId));
  const usage = await quotas.lockUsage(userId, reservation);
  // The new media are part of the usage already.
  requireUploadFits({ limits, usage, stored: 0, uploaded });
  if (limits.storageBytes > 0 && usage.storageBytes + usage.reservedBytes > limits.storageBytes) {
    throw storageExceeded(limits.storageBytes, usage, 0);
  }
  await quotas.addUploaded(userId, uploaded);
  if (reservation !== undefined) await quotas.release(reservation);
}

/**
 * Requires that restored files fit into the storage of a user.
 * @throws AppError STORAGE_QUOTA_EXCEEDED
 */
export async function requireStorage(
  { quotas }: Pick<TransactionScope, 'quotas'>,
  { userId, bytes }: { readonly userId: string; readonly bytes: number },
  defaults: UserLimits,
): Promise<void> {
  const limits = effectiveLimits(defaults, await quotas.overrides(userId));
  const usage = await quotas.lockUsage(userId);
  requireUploadFits({ limits, usage, stored: bytes, uploaded: 0 });
}

/** A recording that may not even have these bytes is refused. */
const MIN_RECORDING_BYTES = 1024 * 1024;

/**
 * The size that the recording of a new session may have: `maxBytes`, or what is left of the storage of its user.
 * @throws AppError STORAGE_QUOTA_EXCEEDED when less than 1 MiB is left
 */
export async function grantRecording(
  { quotas }: Pick<TransactionScope, 'quotas'>,
  { userId, maxBytes }: { readonly userId: string; readonly maxBytes: number },
  defaults: UserLimits,
): Promise<number> {
  const limits = effectiveLimits(defaults, await quotas.overrides(userId));
  const usage = await quotas.lockUsage(userId);
  const least = Math.min(MIN_RECORDING_BYTES, maxBytes);
  requireUploadFits({ limits, usage, stored: least, uploaded: 0 });
  const left = leftOf(limits.storageBytes, usage.storageBytes + usage.reservedBytes);
  return left === null ? maxBytes : Math.min(maxBytes, left);
}

function storageExceeded(limit: number, usage: UploadUsage, requested: number): AppError {
  const used = usage.storageBytes + usage.reservedBytes;
  const left = Math.max(0, limit - used);
  return new AppError('STORAGE_QUOTA_EXCEEDED', {
    message: `Not enough storage: ${left} of ${limit} bytes are left${requested > 0 ? ` and ${requested} are needed` : ''}. Delete datasets, or ask an admin for more.`,
    details: { limit, used, left, requested },
  });
}

function uploadExceeded(limit: number, usage: UploadUsage, requested: number): AppError {
  const used = usage.uploadedBytes + usage.reservedBytes;
  const left = Math.max(0, limit - used);
  const resetsAt = usage.resetsAt.toISOString();
  return new AppError('UPLOAD_QUOTA_EXCEEDED', {
    message: `The upload has ${requested} bytes; ${left} of ${limit} bytes per day are left until ${resetsAt}.`,
    details: { limit, used, left, requested, resetsAt },
    retryAfterSeconds: Math.max(1, Math.ceil((usage.resetsAt.getTime() - Date.now()) / 1000)),
  });
}

function largerThanDay(limit: number, requested: number): AppError {
  return new AppError('FILE_TOO_LARGE', {
    message: `The upload has ${requested} bytes; at most ${limit} may be uploaded per day.`,
    details: { limit, requested },
  });
}
