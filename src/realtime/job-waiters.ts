import { endsJob, type JobEvent } from '../domain/job-event.js';
import { isTerminal, type Job } from '../domain/job.js';

/** A request that waits for jobs. */
export interface JobWait {
  readonly userId: string;
  readonly seconds: number;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal;
}

/** Subscribes to the events of a job; see `RealtimeHub`. */
interface JobEvents {
  follow(
    job: { readonly jobId: string; readonly after: number },
    deliver: (event: JobEvent) => void,
  ): { close(): void };
}

/** Maximum numbers of requests that wait at the same time, per account and in this process. */
const MAX_WAITING_PER_USER = 50;
const MAX_WAITING = 2000;

/** Requests that wait until jobs have ended, woken by the jobs' events. */
export class JobWaiters {
  readonly #events: JobEvents;
  /** Ends of the waits and their accounts. */
  readonly #waiting = new Map<() => void, string>();

  constructor(events: JobEvents) {
    this.#events = events;
  }

  /** Ends all waits; their requests are answered with the present state. */
  closeAll(): void {
    for (const end of [...this.#waiting.keys()]) end();
  }

  /**
   * Resolves when all jobs have ended, the time is over, or the client has disconnected. False when too many
   * requests are waiting already: waiting is a preference, so such a request is answered at once.
   */
  async untilEnded(jobs: readonly Job[], { userId, seconds, signal }: JobWait): Promise<boolean> {
    const live = jobs.filter(({ status }) => !isTerminal(status));
    if (live.length === 0 || signal.aborted) return true;
    if (!this.#hasRoom(userId)) return false;
    const open = new Set(live.map(({ id }) => id));
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        followed.forEach((one) => one.close());
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, seconds * 1000);
      signal.addEventListener('abort', end);
      this.#waiting.set(end, userId);
      const followed = live.map(({ id, seq }) =>
        this.#events.follow({ jobId: id, after: seq }, (event) => {
          if (endsJob(event) && open.delete(id) && open.size === 0) end();
        }),
      );
    });
    return true;
  }

  #hasRoom(userId: string): boolean {
    if (this.#waiting.size >= MAX_WAITING) return false;
    return [...this.#waiting.values()].filter((owner) => owner === userId).length < MAX_WAITING_PER_USER;
  }
}
