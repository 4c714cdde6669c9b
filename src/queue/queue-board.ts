import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Queue, type Job as QueueMessage } from 'bullmq';
import type { RequestHandler } from 'express';
import type { JobProgress, JobStatus, TaskName } from '../domain/job.js';
import { validationFailed } from '../errors/common-errors.js';
import { queueJobs } from './jobs.js';
import type { openPostgresQueue } from './postgres-board-queue.js';

/** A BullMQ queue on either backend. */
export type BoardQueue = Queue | ReturnType<typeof openPostgresQueue>;

type AdapterQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** What the board shows of the job that a queue message names. */
export interface BoardJob {
  readonly task: TaskName;
  readonly status: JobStatus;
  readonly progress: JobProgress | null;
  /** E-mail of the owner; null when the account was deleted. */
  readonly user: string | null;
}

/** What may be chosen about a board. */
export interface QueueBoardOptions {
  /** Shows without buttons. Messages may be changed without harm all the same: PostgreSQL is authoritative. */
  readonly readOnly?: boolean;
  /** Looks up the jobs of these ids; those that do not exist are left out. */
  readonly findJobs: (ids: readonly string[]) => Promise<ReadonlyMap<string, BoardJob>>;
}

/** Messages carry ids only; the board adds task, user and progress of the job. */
class JobQueueAdapter extends BullMQAdapter {
  readonly #options: QueueBoardOptions;

  constructor(queue: AdapterQueue, options: QueueBoardOptions) {
    super(queue, { readOnlyMode: options.readOnly ?? false });
    this.#options = options;
  }

  override async getJob(id: string): Promise<QueueMessage | undefined> {
    const message = await super.getJob(id);
    if (message) await this.#addJobs([message]);
    return message;
  }

  override async getJobs(...query: Parameters<BullMQAdapter['getJobs']>): Promise<QueueMessage[]> {
    const messages = await super.getJobs(...query);
    await this.#addJobs(messages);
    return messages;
  }

  /** Changes the copies that the board is about to show; nothing is written to the queue. */
  async #addJobs(messages: readonly QueueMessage[]): Promise<void> {
    const ids = messages.map(({ data }) => jobIdOf(data)).filter((id) => id !== null);
    const jobs = await this.#options.findJobs([...new Set(ids)]);
    for (const message of messages) {
      const job = jobs.get(jobIdOf(message.data) ?? '');
      if (!job) continue;
      const { task, status, user, progress } = job;
      message.name = `${task} · ${user ?? 'deleted account'}`;
      message.data = { ...(message.data as object), task, user, status, progress };
      message.progress = progress?.percent ?? 0;
    }
  }
}

function jobIdOf(data: unknown): string | null {
  const payload = queueJobs['inference.run'].payload.safeParse(data);
  return payload.success ? payload.data.jobId : null;
}

/** Stylesheets and icons of other sites, such as Google's fonts; the page has fonts of the system instead. */
const FOREIGN_LINKS = /<link\b[^>]*\bhref="https?:[^>]*>\s*/g;

/** The page without links to other sites: no request may reveal that a queue is being viewed. */
class SelfContainedAdapter extends ExpressAdapter {
  constructor() {
    super();
    // It is an application of its own, which does not take over this setting.
    this.app.disable('x-powered-by');
  }

  /** Errors go to the application that the board is mounted in: the board's own answers would show SQL, and as 500. */
  override setErrorHandler(): this {
    return super.setErrorHandler((error) => {
      throw isRefusal(error) ? notPossible(error) : error;
    });
  }

  override setEntryRoute(route: Parameters<ExpressAdapter['setEntryRoute']>[0]): this {
    const { basePath, uiConfig } = this;
    const page: RequestHandler = (_request, response, next) => {
      const { name, params } = route.handler({ basePath, uiConfig });
      response.render(name, params, (error: Error | null, html: string) => {
        if (error) return next(error);
        response.send(html.replaceAll(FOREIGN_LINKS, ''));
      });
    };
    this.app.get(route.route, page);
    return this;
  }
}

/** What BullMQ says to an action that the state of a message does not allow, and to values that its scripts cannot read. */
const isRefusal = (error: Error): boolean =>
  /not in the \w+ state|Missing (?:key|lock) for job/.test(error.message) ||
  (error instanceof SyntaxError && !('status' in error));

const notPossible = ({ message }: Error): Error =>
  validationFailed([{ pointer: '', message: `is not possible on the queue: ${message}`, code: 'INVALID' }]);

/**
 * The queue board as an Express handler, to be mounted at `basePath` behind a sign-in of its own:
 * it has none.
 */
export function createQueueBoard(
  queues: readonly BoardQueue[],
  basePath: string,
  options: QueueBoardOptions,
): RequestHandler {
  const serverAdapter = new SelfContainedAdapter();
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queues.filter(isAdaptable).map((queue) => new JobQueueAdapter(queue, options)),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'InferNode queue', hideRedisDetails: false } },
  });
  return serverAdapter.getRouter() as RequestHandler;
}

/** The adapter serves every backend (it asks the queue which it has), but its types name the one on Redis only. */
function isAdaptable(queue: unknown): queue is AdapterQueue {
  return queue instanceof Queue;
}
