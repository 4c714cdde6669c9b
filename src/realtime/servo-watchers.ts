import type { Response } from 'express';
import type { WatchedCredential } from '../domain/credential.js';
import type { LiveServo } from '../domain/servo-event.js';
import type { ServoSession } from '../domain/servo-session.js';
import { eventMessage } from '../protocols/servo-stream/json-messages.js';
import type { EventStreams } from './event-streams.js';

/** Beyond so many bytes that a watcher has not read, velocities are left out for it; the other events never are. */
const SLOW_BYTES = 64 * 1024;

/** A session to watch, and by whom. */
export interface WatchStart {
  readonly credential: WatchedCredential;
  readonly live: LiveServo;
  /** The session as the API shows it. */
  readonly present: (session: ServoSession) => object;
}

/** Shows sessions of live servoing as server-sent events. */
export class ServoWatchers {
  readonly #streams: EventStreams;

  constructor(streams: EventStreams) {
    this.#streams = streams;
  }

  /**
   * Sends the session, then what happens until the session, the connection or the credential ends.
   * @throws AppError TOO_MANY_CONNECTIONS (rate_limited) while the account has 50 open streams
   */
  follow(response: Response, { credential, live, present }: WatchStart): Promise<void> {
    return this.#streams.stream(response, credential, (stream) => {
      stream.send('session', { type: 'session', session: present(live.session) });
      return live.watch((event) => {
        if (!stream.isOpen) return false;
        if (event.type === 'velocity' && stream.unreadBytes > SLOW_BYTES) return true;
        stream.send(event.type, eventMessage(event, present));
        if (event.type === 'ended') stream.end();
        return stream.isOpen;
      });
    });
  }
}
