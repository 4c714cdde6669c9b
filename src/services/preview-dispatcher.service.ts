import type { PreviewKind } from '../domain/preview.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { JobQueue } from '../queue/job-queue.js';

/** Dependencies of {@link PreviewDispatcher}. */
export interface PreviewDispatcherDeps {
  readonly unitOfWork: UnitOfWork;
  /** Looks at the queue of previews. */
  readonly queue: Pick<JobQueue, 'known' | 'depth'>;
  /** The kinds that are made without being asked for. */
  readonly kinds: readonly PreviewKind[];
}

/** Messages that wait at most: the order of users and uploads is decided when a message is sent. */
const MAX_WAITING = 16;
/** Age of a message after which the queue is asked whether it still knows it. */
const MESSAGE_AGE_MS = 60_000;

/**
 * Sends queue messages for contents with pending previews. Rows are authoritative: a lost message is sent again. Rounds may
 * run concurrently in several workers, because the queue drops repeated messages.
 */
export class PreviewDispatcher {
  readonly #deps: PreviewDispatcherDeps;

  constructor(deps: PreviewDispatcherDeps) {
    this.#deps = deps;
  }

  /** One round. @returns the number of messages sent */
  async runOnce(now = new Date()): Promise<number> {
    const { unitOfWork, queue, kinds } = this.#deps;
    const { previews } = unitOfWork.read;
    await previews.dropPendingExcept(kinds);
    const { waiting, delayed } = await queue.depth();
    const room = MAX_WAITING - waiting - delayed;
    if (room <= 0) return 0;
    const due = await previews.due(new Date(now.getTime() - MESSAGE_AGE_MS), room);
    if (due.length === 0) return 0;
    const known = await queue.known(due);
    const missing = due.filter((sha256) => !known.has(sha256));
    await unitOfWork.run(async (scope) => {
      await scope.previews.markQueued(due);
      for (const sha256 of missing)
        await scope.enqueue({ name: 'media.preview', payload: { sha256 }, dedupeId: sha256 });
    });
    return missing.length;
  }
}
