/** Result of a COMPLETED job; its ZIP lies in chunk rows beside it. */
export interface JobResult {
  readonly jobId: string;
  /** The task's JSON document, as the API shows it. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly zipBytes: number;
  readonly zipSha256: string;
  readonly createdAt: Date;
}

/** Size of one ZIP chunk row: large values of one row would kill the process (pg limit). */
export const RESULT_CHUNK_BYTES = 1024 * 1024;
