/** A file to be fetched from a server of a user's choice. */
export interface DownloadRequest {
  readonly url: string;
  /**
   * Path of the file. Next to it, `<target>.source` keeps what a later attempt needs to continue a partial file; an
   * attempt of the same URL continues it.
   */
  readonly target: string;
  /** Maximum size in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called once the server has said how large the file is; null if it does not. May reject it. */
  onSize?(bytes: number | null): Promise<void>;
  /** Called with the size of the file so far. */
  onProgress?(bytes: number): void;
}

/** A complete file. */
export interface DownloadedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** Fetches files from servers of users' choice, within limits of addresses, time and size. */
export interface FileDownloader {
  /**
   * @throws AppError IMPORT_URL_REFUSED, IMPORT_STATUS, IMPORT_OBJECT_UNREADABLE, IMPORT_ENCODED, FILE_TOO_LARGE (final);
   *   IMPORT_UNREACHABLE, IMPORT_INTERRUPTED, IMPORT_TIMEOUT (another attempt may succeed); the reason of `signal`
   */
  fetch(request: DownloadRequest): Promise<DownloadedFile>;
}
