/** One piece of work for a thread. */
export interface ThreadRequest<Work> {
  readonly id: number;
  readonly work: Work;
}

/** A thread's answer to the request of the same id. */
export type ThreadReply<Result> =
  { readonly id: number; readonly result: Result } | { readonly id: number; readonly error: string };
