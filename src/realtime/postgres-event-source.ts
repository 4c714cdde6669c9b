import type pg from 'pg';
import { z } from 'zod';
import { JOB_EVENTS_CHANNEL } from '../domain/job-event.js';
import { USER_EVENTS_CHANNEL } from '../domain/realtime.js';
import type { Logger } from '../logging/logger.js';
import { PostgresListener } from '../queue/postgres-listener.js';
import type { JobEventListener, JobEventSource } from './job-event-source.js';

/** Maximum difference between the clocks of the database and this process. */
const CLOCK_MARGIN_MS = 10_000;

const notice = z.object({ jobId: z.string(), userId: z.string(), seq: z.coerce.number().int() });

const userEvent = z.object({
  userId: z.string(),
  message: z.string().optional(),
  quota: z.boolean().optional(),
});

function parsePayload<Value>(schema: z.ZodType<Value>, payload: string): Value | undefined {
  try {
    return schema.safeParse(JSON.parse(payload)).data;
  } catch {
    return undefined;
  }
}

/** What is done with the messages of a channel. */
type OtherChannels = Readonly<Record<string, (payload: string) => void>>;

/**
 * Notifications through LISTEN/NOTIFY on a separate connection. After a reconnect, listeners read again what
 * they may have missed.
 */
export class PostgresEventSource implements JobEventSource {
  #source: PostgresListener | null = null;
  #lastHeard: Date | null = null;

  readonly #connection: pg.ClientConfig;
  readonly #logger: Logger;
  readonly #others: OtherChannels;

  /** @param others channels that are heard over the same connection */
  constructor(connection: pg.ClientConfig, logger: Logger, others: OtherChannels = {}) {
    this.#connection = connection;
    this.#logger = logger;
    this.#others = others;
  }

  async start(listener: JobEventListener): Promise<void> {
    this.#source = new PostgresListener({
      connection: this.#connection,
      channels: [JOB_EVENTS_CHANNEL, USER_EVENTS_CHANNEL, ...Object.keys(this.#others)],
      onNotification: (channel, payload) => {
        if (Object.hasOwn(this.#others, channel)) return this.#others[channel](payload);
        this.#lastHeard = new Date();
        if (channel === USER_EVENTS_CHANNEL) {
          const event = parsePayload(userEvent, payload);
          if (event) listener.userChanged(event);
          return;
        }
        const parsed = parsePayload(notice, payload);
        if (parsed) listener.wake(parsed);
      },
      onListening: () => {
        if (this.#lastHeard) listener.resync(new Date(this.#lastHeard.getTime() - CLOCK_MARGIN_MS));
        this.#lastHeard ??= new Date();
      },
      onError: (error) => this.#logger.warn('The connection for job events reports an error', { err: error }),
    });
    await this.#source.start();
  }

  async close(): Promise<void> {
    await this.#source?.close();
  }
}
