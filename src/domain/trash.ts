/** What can be in the trash. */
export const TRASH_KINDS = ['dataset', 'media', 'job', 'result'] as const;
/** See {@link TRASH_KINDS}. */
export type TrashKind = (typeof TRASH_KINDS)[number];

/** A deleted object that can still be restored. A result has the id of its job. */
export interface TrashEntry {
  readonly kind: TrashKind;
  readonly id: string;
  /** Name of the dataset or file; task of the job. */
  readonly name: string;
  /** Dataset of a file or job. */
  readonly datasetId: string | null;
  /** Bytes that its removal frees: files, or the ZIP of a result. */
  readonly bytes: number;
  readonly deletedAt: Date;
  /** When it is removed for good. */
  readonly purgeAt: Date;
}

/** For how long things are kept, in days. */
export interface RetentionDays {
  /** In the trash; 0 removes at once. */
  readonly trash: number;
  /** Results of jobs; 0 for as long as the job. */
  readonly results: number;
  /** Events of jobs that have ended; 0 for as long as the job. */
  readonly events: number;
  /** Rows of the audit log; 0 for ever. */
  readonly audit: number;
}
