/** An upload as the protocol needs it. */
export interface TusUpload {
  readonly id: string;
  /** Declared size in bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string | null>>;
  readonly createdAt: Date;
  /** Whether all bytes have arrived, so that they are not looked for any more. */
  readonly isReceived: boolean;
}

/** The uploads of one caller. */
export interface TusUploads {
  /** @throws AppError when the upload is refused */
  create(upload: Omit<TusUpload, 'createdAt' | 'isReceived'>): Promise<void>;
  /** @throws AppError NOT_FOUND, UPLOAD_ENDED */
  find(id: string): Promise<TusUpload>;
  /**
   * Called when all bytes have arrived, possibly again.
   * @returns headers of the response
   * @throws AppError when the file is refused
   */
  finish(id: string): Promise<Readonly<Record<string, string>>>;
  /** @throws AppError NOT_FOUND, UPLOAD_COMPLETED */
  terminate(id: string): Promise<void>;
}
