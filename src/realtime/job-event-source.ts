/** Says that a job has a new event; the event itself is read from the database. */
export interface JobEventHint {
  readonly jobId: string;
  readonly userId: string;
  readonly seq: number;
}

/** What hears hints. */
export interface JobEventListener {
  wake(hint: JobEventHint): void;
  /** Hints may have been lost since `since`: everything that is followed has to be read again. */
  resync(since: Date): void;
}

/** Where hints come from; losing one must only cost time, never an event. */
export interface JobEventSource {
  /** Starts listening. Lost connections heal by themselves. */
  start(listener: JobEventListener): Promise<void>;
  close(): Promise<void>;
}
