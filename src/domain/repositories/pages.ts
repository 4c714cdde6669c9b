/** One page of rows, newest first; `nextCursor` is `null` on the last page. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
}

/** Start and length of a page. */
export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}
