import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../logging/logger.js';
import type { DiskSpaceGuard } from '../storage/disk-space.js';
import type { HandledMessage } from './job-outcome.js';

/** How long a worker with a full disk waits before it returns a queue message. */
const PAUSE_MS = 5_000;

/**
 * Handles jobs only while the disk has enough free space. Otherwise the job is not claimed, so that no
 * attempt is used up, and its message is returned to the queue after a pause, in which the worker takes no
 * other message.
 */
export function whenDiskHasSpace<Payload>(
  disk: Pick<DiskSpaceGuard, 'hasRoom'>,
  handle: (payload: Payload) => Promise<HandledMessage>,
  { log, pauseMs = PAUSE_MS }: { readonly log: Logger; readonly pauseMs?: number },
): (payload: Payload) => Promise<HandledMessage> {
  return async (payload) => {
    if (await disk.hasRoom()) return handle(payload);
    log.warn('Jobs are waiting because the disk is full.');
    await delay(pauseMs);
    return { kind: 'requeued' };
  };
}
