import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Queue } from 'bullmq';
import type { RequestHandler } from 'express';
import type { openPostgresQueue } from './postgres-board-queue.js';

/** A BullMQ queue on either backend. */
export type BoardQueue = Queue | ReturnType<typeof openPostgresQueue>;

type AdapterQueue = ConstructorParameters<typeof BullMQAdapter>[0];

/** What may be chosen about a board. */
export interface QueueBoardOptions {
  /** Shows without buttons. Hints may be changed without harm all the same: rows hold the truth. */
  readonly readOnly?: boolean;
}

/**
 * The queue board as an Express handler, to be mounted at `basePath` behind a sign-in of its own:
 * it has none.
 */
export function createQueueBoard(
  queues: readonly BoardQueue[],
  basePath: string,
  { readOnly = false }: QueueBoardOptions = {},
): RequestHandler {
  const serverAdapter = new ExpressAdapter();
  serverAdapter.setBasePath(basePath);
  createBullBoard({
    queues: queues.filter(isAdaptable).map((queue) => new BullMQAdapter(queue, { readOnlyMode: readOnly })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'InferNode queue', hideRedisDetails: false } },
  });
  const router: RequestHandler = serverAdapter.getRouter();
  return router;
}

/** The adapter serves every backend (it asks the queue which it has), but its types name the one on Redis only. */
function isAdaptable(queue: unknown): queue is AdapterQueue {
  return queue instanceof Queue;
}
