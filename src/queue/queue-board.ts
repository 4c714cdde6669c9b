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

/** What the board shows about the job of a queue message. */
export interface BoardJob {
  readonly task: TaskName;
  readonly status: JobStatus;
  readonly progress: JobProgress | null;
  /** E-mail of the owner; null when the account was deleted. */
  readonly user: string | null;
}

/** Options of the board. */
export interface QueueBoardOptions {
  /**
   * Hides the action buttons. With buttons, changing messages does no harm, because PostgreSQL is
   * authoritative.
   */
  readonly readOnly?: boolean;
  /** Looks up jobs by id; unknown ids are omitted. */
  readonly findJobs: (ids: readonly string[]) => Promise<ReadonlyMap<string, BoardJob>>;
}

/** Adds task, user and progress of the job to the displayed messages, which contain only ids. */
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

  /** Modifies the copies that the board is about to show; the queue is not changed. */
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

/** Stylesheets and icons of other sites, such as Google Fonts; the page uses system fonts instead. */
const FOREIGN_LINKS = /<link\b[^>]*\bhref="https?:[^>]*>\s*/g;

/** Serves the page without links to other sites, so that no request reveals that the board is viewed. */
class SelfContainedAdapter extends ExpressAdapter {
  constructor() {
    super();
    // The board is an Express application of its own, which does not inherit this setting.
    this.app.disable('x-powered-by');
  }

  /**
   * Passes errors to the surrounding application. The board's own error responses would be 500 and expose
   * SQL.
   */
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

/**
 * Whether BullMQ rejected an action that the state of a message does not allow, or a value that its scripts
 * cannot parse.
 */
const isRefusal = (error: Error): boolean =>
  /not in the \w+ state|Missing (?:key|lock) for job/.test(error.message) ||
  (error instanceof SyntaxError && !('status' in error));

const notPossible = ({ message }: Error): Error =>
  validationFailed([{ pointer: '', message: `is not possible on the queue: ${message}`, code: 'INVALID' }]);

/**
 * The queue board as an Express handler, to be mounted at `basePath`. It has no authentication of its own.
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

/** Narrows the type: the adapter supports every backend at run time, but its types only the one on Redis. */
function isAdaptable(queue: unknown): queue is AdapterQueue {
  return queue instanceof Queue;
}
