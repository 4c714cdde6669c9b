import type { Response } from 'express';
import type { WatchedCredential } from '../domain/credential.js';
import { endsJob } from '../domain/job-event.js';
import { isTerminal, type Job } from '../domain/job.js';
import type { EventStreams } from './event-streams.js';
import type { RealtimeHub } from './realtime-hub.js';

/** Milliseconds after which a browser reconnects. */
const RETRY_MS = 2000;

/** A job to follow, and its initial state. */
export interface JobStreamStart {
  /** The credential of the account that follows the job. */
  readonly credential: WatchedCredential;
  readonly job: Job;
  /** Number of the last event that the client has received; 0 for none. */
  readonly after: number;
  /** The job as the API returns it, at event `job.seq`. */
  readonly snapshot: object;
}

/** Shows jobs as server-sent events. */
export class JobStreams {
  readonly #streams: EventStreams;
  readonly #hub: RealtimeHub;

  constructor(streams: EventStreams, hub: RealtimeHub) {
    this.#streams = streams;
    this.#hub = hub;
  }

  /**
   * Sends the snapshot, then events until the job, the connection or the credential ends. Without `Last-Event-ID` the
   * snapshot replaces all events up to its own; with it, later events are replayed.
   * @throws AppError TOO_MANY_CONNECTIONS (rate_limited) while the account has 50 open streams
   */
  follow(response: Response, { credential, job, after, snapshot }: JobStreamStart): Promise<void> {
    const replayFrom = after > 0 ? Math.min(after, job.seq) : job.seq;
    return this.#streams.stream(response, credential, (stream) => {
      stream.retryAfter(RETRY_MS);
      stream.send('snapshot', { seq: job.seq, job: snapshot }, after > 0 ? undefined : job.seq);
      if (isTerminal(job.status) && replayFrom >= job.seq) {
        stream.end();
        return undefined;
      }
      return this.#hub.follow({ jobId: job.id, after: replayFrom }, (event) => {
        const { seq, type, payload, createdAt } = event;
        stream.send(type, { seq, ...payload, createdAt: createdAt.toISOString() }, seq);
        if (endsJob(event)) stream.end();
      });
    });
  }
}
