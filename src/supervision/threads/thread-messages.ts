/** A request to a thread. */
export interface ThreadRequest<Work> {
  readonly id: number;
  readonly work: Work;
}

/** A thread's answer to the request with the same id. */
export type ThreadReply<Result> =
  { readonly id: number; readonly result: Result } | { readonly id: number; readonly error: string };
