import path from 'node:path';
import type { Settings } from '../config/settings.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { PreviewMakerProcess } from '../engines/preview-maker/preview-maker-process.js';
import type { Logger } from '../logging/logger.js';
import type { FfmpegTools } from '../media/ffmpeg-locate.js';
import type { OpenQueueWorker } from '../queue/open-worker.js';
import { MediaProcessService } from '../services/media-process.service.js';
import { PreviewDispatcher } from '../services/preview-dispatcher.service.js';
import { PreviewSweep } from '../services/preview-sweep.js';
import type { BlobStore } from '../storage/blob-store.js';
import type { DiskSpaceGuard } from '../storage/disk-space.js';
import { TempFolders } from '../storage/temp-folders.js';
import { whenDiskHasSpace } from '../workers/disk-space-gate.js';
import { MakePreviewsHandler } from '../workers/handlers/make-previews.js';
import { Periodic, type PeriodicTask } from '../workers/periodic.js';
import { QueueRunner } from '../workers/runner.js';
import type { QueueParts } from './queue-parts.js';

/** The parts of a worker that make previews. */
export interface WorkerPreviews {
  readonly runner: QueueRunner;
  readonly periodics: readonly Periodic[];
  /** There are new pending previews, or previews whose last file was deleted. */
  wake(): void;
  /** Interrupts the preview that is being made; it is made again. */
  stop(): void;
}

/** Dependencies of {@link createWorkerPreviews}. */
export interface WorkerPreviewsDeps {
  readonly unitOfWork: UnitOfWork;
  readonly queue: Pick<QueueParts, 'previews'>;
  readonly openWorker: OpenQueueWorker;
  readonly blobs: Pick<BlobStore, 'put' | 'borrow' | 'remove'>;
  readonly disk: Pick<DiskSpaceGuard, 'hasRoom'>;
  readonly tools: FfmpegTools;
  readonly log: Logger;
}

/** For lost notifications, and messages that were dropped while their content was being worked on. */
const DISPATCH_INTERVAL_MS = 5_000;
/** Phases in which no other periodic work of a worker starts. */
const DISPATCH_PHASE_MS = 500;
const SWEEP_INTERVAL_MS = 60_000;
const THOROUGH_INTERVAL_MS = 3_600_000;
/** One at a time and at the lowest priority, so that jobs do not wait for previews. */
const CONCURRENCY = 1;

/** The number of the first tasks that a notification wakes. */
const WOKEN = 3;

const tasksOf = (
  dispatcher: PreviewDispatcher,
  sweep: PreviewSweep,
  processing: MediaProcessService,
): readonly PeriodicTask[] => [
  {
    name: 'the planning of runs over media',
    intervalMs: SWEEP_INTERVAL_MS,
    run: () => processing.plan(),
  },
  {
    name: 'the dispatch of previews',
    intervalMs: DISPATCH_INTERVAL_MS,
    firstPauseMs: DISPATCH_PHASE_MS,
    run: async () => void (await dispatcher.runOnce()),
  },
  {
    name: 'the sweep of previews',
    intervalMs: SWEEP_INTERVAL_MS,
    run: async () => void (await sweep.runOnce()),
  },
  {
    name: 'the search for unused previews',
    intervalMs: THOROUGH_INTERVAL_MS,
    run: async () => void (await sweep.runThoroughly()),
  },
];

/** Wires the making of previews. */
export async function createWorkerPreviews(
  { previews, folders, queue: { prefix } }: Settings,
  { unitOfWork, queue, openWorker, blobs, disk, tools, ...deps }: WorkerPreviewsDeps,
): Promise<WorkerPreviews> {
  const log = deps.log.child({ component: 'previews' });
  const tempFolders = new TempFolders(path.join(folders.data, 'tmp'));
  await tempFolders.sweep();
  const maker = new PreviewMakerProcess();
  const { proxyEncoder: encoder, threads, timeoutMs } = previews;
  const settings = { tools, encoder, threads, timeoutMs };
  const handler = new MakePreviewsHandler({ unitOfWork, maker, blobs, tempFolders, log, settings });
  const dispatcher = new PreviewDispatcher({ unitOfWork, queue: queue.previews, kinds: previews.kinds });
  const periodics = tasksOf(
    dispatcher,
    new PreviewSweep(unitOfWork, blobs),
    new MediaProcessService(unitOfWork),
  ).map((task) => new Periodic(task, log));
  return {
    runner: new QueueRunner({
      openWorker,
      queue: queue.previews,
      handler: {
        job: 'media.preview',
        handle: whenDiskHasSpace<{ sha256: string }>(disk, (payload) => handler.handle(payload), { log }),
      },
      prefix,
      concurrency: CONCURRENCY,
      log,
    }),
    periodics,
    wake: () => periodics.slice(0, WOKEN).forEach((task) => task.wake()),
    stop: () => {
      handler.stop();
      maker.close();
    },
  };
}
