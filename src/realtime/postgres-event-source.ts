import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { z } from 'zod';
import type { Logger } from '../logging/logger.js';
import type { JobEventListener, JobEventSource } from './job-event-source.js';

/** Channel that the repository of jobs notifies when an event is committed. */
export const JOB_EVENTS_CHANNEL = 'job_events';

const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 2000;
const ECHO_INTERVAL_MS = 10_000;
const CONNECT_TIMEOUT_MS = 2000;

const hint = z.object({ jobId: z.string(), userId: z.string(), seq: z.coerce.number().int() });

function parsePayload(payload: string | undefined) {
  try {
    return hint.safeParse(JSON.parse(payload ?? '')).data;
  } catch {
    return undefined;
  }
}

/**
 * Hints by LISTEN/NOTIFY on one connection of its own. A lost or silent connection is rebuilt with
 * back-off, and followers are told to read again what they may have missed.
 */
export class PostgresEventSource implements JobEventSource {
  private client: pg.Client | null = null;
  private listener: JobEventListener | null = null;
  private readonly stopping = new AbortController();
  private connecting: Promise<void> | null = null;
  private echo: NodeJS.Timeout | null = null;
  private lastHeard = new Date();

  constructor(
    private readonly connection: pg.ClientConfig,
    private readonly logger: Logger,
  ) {}

  async start(listener: JobEventListener): Promise<void> {
    this.listener = listener;
    await this.reconnect();
    this.echo = setInterval(() => void this.checkEcho(), ECHO_INTERVAL_MS);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    if (this.echo) clearInterval(this.echo);
    await this.connecting?.catch(() => {});
    const client = this.client;
    this.client = null;
    await client?.end().catch(() => {});
  }

  /** Connects until it works; several callers share one attempt. */
  private reconnect(): Promise<void> {
    this.connecting ??= this.connectUntilDone().finally(() => {
      this.connecting = null;
    });
    return this.connecting;
  }

  private async connectUntilDone(): Promise<void> {
    const { signal } = this.stopping;
    for (let wait = RETRY_FIRST_MS; !signal.aborted; wait = Math.min(2 * wait, RETRY_MAX_MS)) {
      try {
        this.client = await this.connect();
        return;
      } catch (error) {
        this.logger.warn('The connection for job events could not be made; trying again', { err: error });
        await delay(wait, undefined, { signal }).catch(() => {});
      }
    }
  }

  private async connect(): Promise<pg.Client> {
    const client = new pg.Client({
      ...this.connection,
      application_name: 'infernode-events',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: ECHO_INTERVAL_MS,
    });
    client.on('error', () => {});
    client.on('end', () => this.lost(client));
    client.on('notification', ({ payload }) => {
      this.lastHeard = new Date();
      const parsed = parsePayload(payload);
      if (parsed) this.listener?.wake(parsed);
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${JOB_EVENTS_CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.lastHeard = new Date();
    return client;
  }

  private lost(client: pg.Client): void {
    if (this.client !== client || this.stopping.signal.aborted) return;
    this.client = null;
    const since = this.lastHeard;
    this.logger.warn('The connection for job events was lost; making a new one');
    void this.reconnect().then(() => {
      if (!this.stopping.signal.aborted) this.listener?.resync(since);
    });
  }

  /** A frozen server or a half-open connection says nothing; an unanswered query ends it. */
  private async checkEcho(): Promise<void> {
    const { client } = this;
    if (!client) return;
    try {
      await client.query('SELECT 1');
      this.lastHeard = new Date();
    } catch {
      this.lost(client);
      await client.end().catch(() => {});
    }
  }
}
