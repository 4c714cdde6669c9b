/** Says that a job has a new event; the event itself is read from the database. */
export interface JobEventNotice {
  readonly jobId: string;
  readonly userId: string;
  readonly seq: number;
}

/** Receives notifications. */
export interface JobEventListener {
  wake(notice: JobEventNotice): void;
  /** Notifications may have been lost since `since`: everything that is followed has to be read again. */
  resync(since: Date): void;
}

/** Where notifications come from; losing one must only cost time, never an event. */
export interface JobEventSource {
  /** Starts listening. Lost connections heal by themselves. */
  start(listener: JobEventListener): Promise<void>;
  close(): Promise<void>;
}
