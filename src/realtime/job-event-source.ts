import type { UserEvent } from '../domain/realtime.js';

/** Notification that a job has a new event; the event itself is read from the database. */
export interface JobEventNotice {
  readonly jobId: string;
  readonly userId: string;
  readonly seq: number;
}

/** Receives notifications. */
export interface JobEventListener {
  wake(notice: JobEventNotice): void;
  userChanged(event: UserEvent): void;
  /** Notifications since `since` may have been lost: everything that is followed must be read again. */
  resync(since: Date): void;
}

/** Source of notifications. A lost notification may delay an event but never lose it. */
export interface JobEventSource {
  /** Starts listening. Lost connections are re-established automatically. */
  start(listener: JobEventListener): Promise<void>;
  close(): Promise<void>;
}
