import type { MediaRole } from './dataset.js';
import type { MicroCredits, Quote } from './money.js';

/** Protocols of uploads in several requests. */
export const UPLOAD_PROTOCOLS = ['multipart', 'tus'] as const;
/** See {@link UPLOAD_PROTOCOLS}. */
export type UploadProtocol = (typeof UPLOAD_PROTOCOLS)[number];

/** What the files of an import are: videos, images, or images and videos with their masks. */
export const IMPORT_KINDS = ['videos', 'images', 'pairs'] as const;
/** What the files of an upload are; `dataset` is the archive of a dataset. */
export const UPLOAD_KINDS = [...IMPORT_KINDS, 'dataset'] as const;
/** See {@link UPLOAD_KINDS}. */
type UploadKind = (typeof UPLOAD_KINDS)[number];

/** States of an upload; `received` waits for the other file of its pair. */
export const UPLOAD_STATES = ['open', 'received', 'completed', 'refused', 'aborted', 'expired'] as const;
/** See {@link UPLOAD_STATES}. */
export type UploadState = (typeof UPLOAD_STATES)[number];
/** States in which an upload is over without media. */
export type UploadEnd = Extract<UploadState, 'refused' | 'aborted' | 'expired'>;

/** Name that a file has in its dataset. */
export const MAX_UPLOAD_NAME_LENGTH = 200;
/** Largest number of parts of one upload. */
export const MAX_UPLOAD_PARTS = 1000;
/** Size of all parts but the last, unless the client gives their number. */
export const UPLOAD_PART_BYTES = 64 * 2 ** 20;
/** Size of all parts but the last of clients that give only their number. */
export const UNSIZED_PART_BYTES = 200 * 2 ** 20;
/** Lifetime of the URL of a part. */
export const PART_URL_SECONDS = 1800;

/** A part as the client listed it. */
export interface ListedPart {
  /** From 1. */
  readonly partNumber: number;
  readonly etag: string;
}

/** Options of the inspection of pairs, and what else the client said. */
interface UploadOptions {
  /** Rejects masks that are not purely black and white. */
  readonly strict?: boolean;
  /** Frames per second at which a video is sampled and charged. */
  readonly fps?: number;
  /** Metadata of tus, as they were sent. */
  readonly metadata?: Readonly<Record<string, string | null>>;
}

/** Why an upload was refused. */
export interface UploadProblem {
  readonly code: string;
  readonly message: string;
}

/** An upload in several requests. */
export interface IncomingUpload {
  readonly id: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly protocol: UploadProtocol;
  readonly kind: UploadKind;
  readonly role: MediaRole;
  /** For masks: the upload of the image or video. */
  readonly sourceId: string | null;
  readonly name: string;
  /** Of the file, without dot, in lower case; empty if unknown. */
  readonly extension: string;
  readonly isArchive: boolean;
  readonly options: UploadOptions;
  /** Declared size; null if the client declared only the number of parts. */
  readonly bytes: number | null;
  /** Size of all parts but the last; null for tus. */
  readonly partBytes: number | null;
  readonly partCount: number | null;
  /** Identifies the upload in its store, together with its id. */
  readonly storeId: string;
  /** The parts of a received upload. */
  readonly parts: readonly ListedPart[] | null;
  /** Estimated price, which is held; the charge is for what the files contain. */
  readonly quote: UploadEstimate;
  readonly held: MicroCredits;
  readonly state: UploadState;
  readonly problem: UploadProblem | null;
  /** What was stored, as the API answers it. */
  readonly result: unknown;
  /** Whether its store may still have bytes of it. */
  readonly hasBytes: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly finishedAt: Date | null;
}

/** A quote with amounts in credits, as it is stored and answered. */
export interface UploadEstimate extends Pick<Quote, 'preset' | 'version'> {
  readonly total: number;
  readonly lines: readonly {
    readonly unit: string;
    readonly count: number;
    readonly unitPrice: number;
    readonly amount: number;
  }[];
}

/** Whether an upload can still become media. */
export const isUnfinished = ({ state }: Pick<IncomingUpload, 'state'>): boolean =>
  state === 'open' || state === 'received';

/** Both uploads of a pair are locked under the id of the source. */
export const lockKeyOf = ({ id, sourceId }: Pick<IncomingUpload, 'id' | 'sourceId'>): string =>
  sourceId ?? id;

/** Serialises the requests that work on one upload, in all processes. */
export interface UploadLocks {
  /**
   * Waits for the lock and asks its holder to release it. Disposing the lock releases it.
   * @param lock.onRequested called when another request wants the lock, possibly several times
   * @param lock.onLost called when the lock is lost with the connection to the database
   * @throws AppError UPLOAD_BUSY (conflict) after half a minute
   */
  acquire(
    key: string,
    lock?: { readonly signal?: AbortSignal; onRequested?(): void; onLost?(): void },
  ): Promise<AsyncDisposable>;
}

/** Text whose hash is the key of the advisory lock of a group of uploads. */
export const lockNameOf = (key: string): string => `upload ${key}`;

/** Exact size of a part; null if the size of the upload is unknown. */
export function partSize(
  { bytes, partBytes, partCount }: Pick<IncomingUpload, 'bytes' | 'partBytes' | 'partCount'>,
  partNumber: number,
): number | null {
  if (bytes === null || partBytes === null || partCount === null) return null;
  return partNumber < partCount ? partBytes : bytes - partBytes * (partCount - 1);
}
