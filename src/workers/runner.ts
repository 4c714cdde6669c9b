import { UnrecoverableError, WaitingError } from 'bullmq';
import type { ZodType } from 'zod';
import { guarded } from '../errors/guarded.js';
import { withLogContext } from '../logging/log-context.js';
import type { Logger } from '../logging/logger.js';
import type { JobQueue } from '../queue/job-queue.js';
import { queueJobs, type PayloadOf, type QueueJobName } from '../queue/jobs.js';
import type { QueueMessage, OpenQueueWorker, QueueWorker } from '../queue/open-worker.js';
import type { HandledMessage } from './job-outcome.js';

/** A queue job with its handler. */
type JobHandler = {
  readonly [Name in QueueJobName]: {
    readonly job: Name;
    readonly handle: (payload: PayloadOf<Name>, signal: AbortSignal) => Promise<HandledMessage>;
  };
}[QueueJobName];

/** Dependencies of {@link QueueRunner}. */
export interface QueueRunnerOptions {
  readonly openWorker: OpenQueueWorker;
  readonly queue: Pick<JobQueue, 'depth'>;
  /** The runner takes the messages of its queue. */
  readonly handler: JobHandler;
  readonly prefix: string;
  readonly concurrency: number;
  readonly log: Logger;
  /** Interval of checks that the queue's connection is still working. */
  readonly watchIntervalMs?: number;
}

const WATCH_INTERVAL_MS = 10_000;

/** Validates a payload, because an older version may have written it. */
function parsed<Payload>(schema: ZodType<Payload>, data: unknown): Payload {
  const payload = schema.safeParse(data);
  if (!payload.success) throw new UnrecoverableError(`Invalid payload: ${payload.error.message}`);
  return payload.data;
}

/**
 * Takes queue messages, runs their handlers and reports the outcome to the queue. A watchdog replaces the
 * queue's worker if messages are waiting while it is idle, because a connection can fail without an error.
 */
export class QueueRunner {
  readonly #options: QueueRunnerOptions;
  readonly #running = new Set<Promise<unknown>>();
  #worker: QueueWorker | undefined;
  #watch: NodeJS.Timeout | undefined;
  #stopping = false;
  #taken = 0;
  #takenAtLastLook = -1;

  constructor(options: QueueRunnerOptions) {
    this.#options = options;
  }

  /** Number of active queue messages. */
  get active(): number {
    return this.#running.size;
  }

  /** Starts taking queue messages. */
  start(): void {
    this.#worker = this.#open();
    const { log, watchIntervalMs = WATCH_INTERVAL_MS } = this.#options;
    const failed = (err: unknown): void =>
      log.warn('The check of the queue failed; the next one follows.', { err });
    this.#watch = setInterval(
      guarded(failed, () => this.#look()),
      watchIntervalMs,
    );
  }

  /** Stops taking queue messages; one that still arrives is requeued. */
  async stopIntake(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#watch);
    await this.#worker?.pause();
  }

  /** Resolves when no queue message is active. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async close(): Promise<void> {
    await this.stopIntake();
    await this.#worker?.close();
  }

  #open(): QueueWorker {
    const { handler, openWorker, prefix, concurrency, log } = this.#options;
    return openWorker({
      job: handler.job,
      prefix,
      concurrency,
      // All three parameters must be declared: BullMQ passes the signal only to functions that declare it.
      processor: (message, token, signal) => this.#track(this.#process(message, token, signal)),
      onError: (error) => log.warn('The queue reports an error.', { err: error }),
    });
  }

  #track<Value>(work: Promise<Value>): Promise<Value> {
    this.#taken += 1;
    this.#running.add(work);
    return work.finally(() => this.#running.delete(work));
  }

  async #process(
    message: QueueMessage,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (this.#stopping) return this.#returnToQueue(message, token);
    const handle = this.#handlerOf(message);
    const outcome = await handle(signal ?? new AbortController().signal);
    const { kind, jobId } = outcome;
    return withLogContext({ jobId }, async () => {
      // Messages of webhooks are frequent, and each delivery is in the log of its endpoint.
      const level = message.name === 'inference.run' ? 'info' : 'debug';
      this.#options.log[level]('Queue message handled.', { outcome: kind, queueMessage: message.id });
      return this.#conclude(outcome, message, token);
    });
  }

  /** The handler of a message. */
  #handlerOf({ name, data }: QueueMessage): (signal: AbortSignal) => Promise<HandledMessage> {
    const { handler } = this.#options;
    if (name !== handler.job) throw new UnrecoverableError(`No handler for queue job "${name}".`);
    if (handler.job === 'inference.run') {
      const payload = parsed(queueJobs[handler.job].payload, data);
      return (signal) => handler.handle(payload, signal);
    }
    if (handler.job === 'media.preview') {
      const payload = parsed(queueJobs[handler.job].payload, data);
      return (signal) => handler.handle(payload, signal);
    }
    const payload = parsed(queueJobs[handler.job].payload, data);
    return (signal) => handler.handle(payload, signal);
  }

  async #conclude(
    outcome: HandledMessage,
    message: QueueMessage,
    token: string | undefined,
  ): Promise<unknown> {
    switch (outcome.kind) {
      case 'completed':
      case 'skipped':
      case 'stopped':
        return { outcome: outcome.kind, jobId: outcome.jobId };
      case 'requeued':
        return this.#returnToQueue(message, token);
      case 'retried':
        throw new Error(described(outcome));
      case 'failed':
        throw new UnrecoverableError(described(outcome));
    }
  }

  /** Returns a message to the queue without counting a failure; another worker is notified immediately. */
  async #returnToQueue(message: QueueMessage, token: string | undefined): Promise<never> {
    await message.moveToWait(token);
    throw new WaitingError();
  }

  async #look(): Promise<void> {
    const { queue, concurrency, log } = this.#options;
    const taken = this.#taken;
    const waiting = await queue.depth().then(
      (depth) => depth.waiting,
      () => 0,
    );
    const idle = this.#running.size < concurrency && this.#taken === taken;
    const stuck = waiting > 0 && idle && this.#takenAtLastLook === taken;
    this.#takenAtLastLook = waiting > 0 && idle ? taken : -1;
    if (!stuck || this.#stopping) return;
    log.warn('Queue messages are waiting although the worker is idle; replacing its connection.', {
      waiting,
    });
    const old = this.#worker;
    this.#worker = this.#open();
    await old
      ?.close(true)
      .catch((error: unknown) => log.debug('The old worker did not close.', { err: error }));
  }
}

/** A failure for the queue board; the message may have been sent for another job than the one that ran. */
function described({ jobId, message }: { jobId?: string; message: string }): string {
  return jobId === undefined ? message : `Job ${jobId}: ${message}`;
}
