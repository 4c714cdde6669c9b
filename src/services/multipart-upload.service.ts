import {
  isUnfinished,
  MAX_UPLOAD_PARTS,
  partSize,
  PART_URL_SECONDS,
  UNSIZED_PART_BYTES,
  UPLOAD_PART_BYTES,
  type IncomingUpload,
} from '../domain/incoming-upload.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { UserRepository } from '../domain/repositories/user.repository.js';
import type { UploadRepository } from '../domain/repositories/upload.repository.js';
import type { Principal } from '../domain/user.js';
import { AppError, type FieldIssue } from '../errors/app-error.js';
import { notFound, validationFailed } from '../errors/common-errors.js';
import { MIN_PART_BYTES, type MultipartStore, type UploadedPart } from '../storage/multipart-store.js';
import {
  requireUnfinished,
  type IncomingUploadService,
  type UploadRequest,
} from './incoming-upload.service.js';
import { invalidPartUrl, type PartLinks, type PartSignature } from './part-links.js';

type Caller = Pick<Principal, 'userId'>;

/** A multipart upload that a client wants to make. */
export interface MultipartRequest extends Omit<
  UploadRequest,
  'protocol' | 'bytes' | 'partBytes' | 'partCount' | 'minBytes'
> {
  /** In bytes; without it, the number of parts must be given. */
  readonly size?: number;
  readonly parts?: number;
}

/** Where one part is sent by PUT: an absolute URL, or a path of this API. */
interface PartUrl {
  readonly partNumber: number;
  readonly url: string;
}

/** A part that has arrived; `bytes` is null once parts of undeclared sizes are joined. */
type ReceivedPart = Omit<UploadedPart, 'bytes'> & { readonly bytes: number | null };

/** URLs of parts and when they expire. */
export interface PartUrls {
  readonly urls: readonly PartUrl[];
  readonly expiresAt: Date;
}

/** Receives parts at this API, where the store has no server of its own. */
export interface PartWriter {
  writePart(
    upload: { readonly key: string; readonly uploadId: string },
    partNumber: number,
    content: { readonly body: AsyncIterable<Uint8Array>; readonly maxBytes: number; readonly bytes?: number },
  ): Promise<UploadedPart>;
}

/** Dependencies of {@link MultipartUploadService}. */
export interface MultipartUploadServiceDeps {
  readonly incoming: IncomingUploadService;
  readonly store: MultipartStore;
  /** Null where parts are sent to another server. */
  readonly writer: PartWriter | null;
  readonly links: PartLinks;
  readonly uploads: Pick<UploadRepository, 'findById'>;
  readonly users: Pick<UserRepository, 'findByIds'>;
  /** @throws AppError STORAGE_FULL */
  requireSpace(bytes: number): Promise<void>;
}

/** Body of a part. */
export interface PartBody {
  readonly content: AsyncIterable<Uint8Array>;
  /** Content-Length, if there is one. */
  readonly announced: number | null;
}

/** Uploads in parts that clients send to signed URLs. */
export class MultipartUploadService {
  readonly #deps: MultipartUploadServiceDeps;
  /** Parts that are being received by this process. */
  readonly #arriving = new Map<string, AbortController>();

  constructor(deps: MultipartUploadServiceDeps) {
    this.#deps = deps;
  }

  /** @throws AppError as {@link IncomingUploadService.create} does, EMPTY_FILE, VALIDATION for parts that do not fit the size */
  async create(
    caller: Caller,
    { size, parts, ...request }: MultipartRequest,
    kept?: OutcomeRecord<IncomingUpload>,
  ): Promise<IncomingUpload> {
    const sizes = planParts(size, parts);
    return this.#deps.incoming.create(
      caller,
      { ...request, ...sizes, protocol: 'multipart' },
      {
        kept,
        open: async () => {
          const { key, uploadId } = await this.#deps.store.create();
          return { id: key, storeId: uploadId };
        },
      },
    );
  }

  /** @throws AppError NOT_FOUND, also for uploads by another protocol */
  async get(caller: Caller, id: string): Promise<IncomingUpload> {
    const upload = await this.#deps.incoming.get(caller, id);
    if (upload.protocol !== 'multipart') throw notFound('Upload', id);
    return upload;
  }

  /** URLs of the given parts, or of all. @throws AppError VALIDATION, UPLOAD_ENDED, UPLOAD_COMPLETED */
  async urlsOf(upload: IncomingUpload, parts?: readonly number[]): Promise<PartUrls> {
    requireUnfinished(upload);
    const count = upload.partCount ?? 1;
    const numbers = parts ?? Array.from({ length: count }, (_, index) => index + 1);
    const beyond = numbers.find((number) => number > count);
    if (beyond !== undefined) throw invalid('parts', `has part ${beyond}; the upload has ${count}`);
    const expiresAt = new Date(Date.now() + PART_URL_SECONDS * 1000);
    const urls: PartUrl[] = [];
    for (const partNumber of numbers) {
      const bytes = partSize(upload, partNumber) ?? undefined;
      const allowance = { expiresSeconds: PART_URL_SECONDS, bytes };
      const reference = { key: upload.id, uploadId: upload.storeId };
      urls.push({ partNumber, url: await this.#deps.store.presignPart(reference, partNumber, allowance) });
    }
    return { urls, expiresAt };
  }

  /** The parts that have arrived; none for a finished upload. */
  async parts(upload: IncomingUpload): Promise<readonly ReceivedPart[]> {
    if (!isUnfinished(upload)) return [];
    try {
      return await this.#deps.store.parts({ key: upload.id, uploadId: upload.storeId });
    } catch (error) {
      // They are joined already when a completion failed for a lack of credits, quota or disk space.
      if (!(error instanceof AppError && error.code === 'MULTIPART_NOT_FOUND') || !upload.parts) throw error;
      return upload.parts.map((part) => ({ ...part, bytes: partSize(upload, part.partNumber) }));
    }
  }

  /**
   * Receives a part at its signed URL, in place of an earlier one. A newer request for the same part ends an older one,
   * whose client may be gone.
   * @throws AppError UPLOAD_URL_INVALID, NOT_FOUND, UPLOAD_ENDED, UPLOAD_COMPLETED, UPLOAD_SIZE_MISMATCH, FILE_TOO_LARGE,
   *   STORAGE_FULL, STORAGE_QUOTA_EXCEEDED, UPLOAD_QUOTA_EXCEEDED
   */
  async receivePart(
    { uploadId, partNumber, link }: { uploadId: string; partNumber: number; link: PartSignature },
    { content, announced }: PartBody,
  ): Promise<UploadedPart> {
    const { links, writer, requireSpace } = this.#deps;
    links.verify(uploadId, partNumber, link);
    const upload = await this.#linked(uploadId);
    if (!writer) throw notFound('Part', String(partNumber));
    const bytes = link.bytes === undefined ? undefined : Number(link.bytes);
    const maxBytes = bytes ?? upload.partBytes ?? UNSIZED_PART_BYTES;
    if (announced !== null) requirePartSize(announced, { bytes, maxBytes });
    await requireSpace(announced ?? maxBytes);
    await this.#reserveLastPart(upload, partNumber, announced ?? maxBytes);
    const key = `${uploadId}/${partNumber}`;
    const own = new AbortController();
    this.#arriving.get(key)?.abort(superseded(partNumber));
    this.#arriving.set(key, own);
    try {
      const body = abortable(content, own.signal);
      return await writer.writePart({ key: upload.id, uploadId: upload.storeId }, partNumber, {
        body,
        maxBytes,
        bytes,
      });
    } finally {
      if (this.#arriving.get(key) === own) this.#arriving.delete(key);
    }
  }

  /** Of the parts of an upload without a size, only the last one is not reserved as a whole at its creation. */
  async #reserveLastPart(upload: IncomingUpload, partNumber: number, bytes: number): Promise<void> {
    const { partCount } = upload;
    if (upload.bytes !== null || partCount === null || partNumber < partCount) return;
    await this.#deps.incoming.reserve(upload, (partCount - 1) * UNSIZED_PART_BYTES + bytes);
  }

  /** The upload of a valid link: links are invalid once the account is deleted or disabled. */
  async #linked(uploadId: string): Promise<IncomingUpload> {
    const { uploads, users } = this.#deps;
    const upload = await uploads.findById(uploadId);
    const [user] = upload ? await users.findByIds([upload.userId]) : [];
    if (!upload || !user || user.disabledAt !== null || user.deletedAt !== null) throw invalidPartUrl();
    requireUnfinished(upload);
    return upload;
  }
}

/** Sizes of the parts of a new upload. @throws AppError VALIDATION, EMPTY_FILE */
function planParts(
  size: number | undefined,
  parts: number | undefined,
): Pick<UploadRequest, 'bytes' | 'partBytes' | 'partCount' | 'minBytes'> {
  if (size === undefined) {
    if (parts === undefined) throw invalid('size', 'is required, or the number of "parts"');
    const minBytes = (parts - 1) * UNSIZED_PART_BYTES + 1;
    return { bytes: null, partBytes: UNSIZED_PART_BYTES, partCount: parts, minBytes };
  }
  if (size === 0) throw new AppError('EMPTY_FILE', { message: 'size: the file is empty.' });
  const mebibyte = 2 ** 20;
  const usual = Math.max(UPLOAD_PART_BYTES, Math.ceil(size / MAX_UPLOAD_PARTS / mebibyte) * mebibyte);
  const partBytes = parts === undefined ? usual : Math.ceil(size / parts);
  const partCount = Math.ceil(size / partBytes);
  if (parts !== undefined && parts > 1 && partBytes < MIN_PART_BYTES) {
    const most = Math.max(1, Math.floor(size / MIN_PART_BYTES));
    throw invalid(
      'parts',
      `is ${parts}; ${size} bytes make at most ${most} parts of at least ${MIN_PART_BYTES} bytes`,
    );
  }
  return { bytes: size, partBytes, partCount };
}

function requirePartSize(
  announced: number,
  { bytes, maxBytes }: { readonly bytes?: number; readonly maxBytes: number },
): void {
  if (bytes !== undefined && announced !== bytes)
    throw new AppError('UPLOAD_SIZE_MISMATCH', {
      message: `The part has ${announced} bytes; its URL is for ${bytes}.`,
      details: { announced, bytes },
    });
  if (announced > maxBytes)
    throw new AppError('FILE_TOO_LARGE', {
      message: `The part has ${announced} bytes; at most ${maxBytes} are accepted.`,
      details: { maxBytes },
    });
}

async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  signal.throwIfAborted();
  try {
    for (;;) {
      // A client that sends nothing any more does not keep its part.
      const next = await Promise.race([chunks.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not awaited: it ends only with the chunk that is waited for.
    void chunks.return?.().catch(() => undefined);
  }
}

function invalid(field: string, message: string): AppError {
  const issue: FieldIssue = { pointer: `/${field}`, message, code: 'INVALID' };
  return validationFailed([issue]);
}

const superseded = (partNumber: number): AppError =>
  new AppError('UPLOAD_BUSY', {
    message: `A newer request sends part ${partNumber}.`,
    retryAfterSeconds: 1,
  });
