import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PREVIEW_KINDS, type Preview } from '../../../src/domain/preview.js';
import { PreviewMakerProcess } from '../../../src/engines/preview-maker/preview-maker-process.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { PreviewDispatcher } from '../../../src/services/preview-dispatcher.service.js';
import { PreviewSweep } from '../../../src/services/preview-sweep.js';
import { DiskBlobStore } from '../../../src/storage/disk-blob-store.js';
import { TempFolders } from '../../../src/storage/temp-folders.js';
import { MakePreviewsHandler } from '../../../src/workers/handlers/make-previews.js';
import { startTestApi, type TestApi, type TestApiOptions } from '../../support/api.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

/** An API, with what a worker does for previews on demand. */
export interface PreviewWorld {
  readonly api: TestApi;
  readonly folder: string;
  readonly dispatcher: PreviewDispatcher;
  readonly sweep: PreviewSweep;
  readonly handler: MakePreviewsHandler;
  readonly blobs: DiskBlobStore;
  /** Makes all previews that are pending. @returns the contents that were worked on */
  makeAll(): Promise<string[]>;
  previewsOf(sha256: string): Promise<readonly Preview[]>;
  /** Files left in the folders in which previews are made. */
  close(): Promise<void>;
}

/** Opens the world of a test file. */
export async function openPreviewWorld(options: TestApiOptions = {}): Promise<PreviewWorld> {
  const api = await startTestApi(options);
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-previews-'));
  await mkdir(path.join(folder, 'clips'));
  const { unitOfWork, queue, database } = api.persistence;
  const blobs = new DiskBlobStore(path.join(api.folder, 'media'));
  const maker = new PreviewMakerProcess();
  const handler = new MakePreviewsHandler({
    unitOfWork,
    maker,
    blobs,
    tempFolders: new TempFolders(path.join(folder, 'tmp')),
    log: silentLogger,
    settings: { tools: await ffmpegTools(), encoder: 'h264', threads: 1, timeoutMs: 60_000 },
  });
  const dispatcher = new PreviewDispatcher({ unitOfWork, queue, kinds: PREVIEW_KINDS });
  const takeMessages = async (): Promise<string[]> => {
    const messages = await queue.messages();
    await database.sequelize.query('DELETE FROM outbox');
    return messages.flatMap((message) => (message.name === 'media.preview' ? [message.payload.sha256] : []));
  };
  return {
    api,
    folder,
    dispatcher,
    handler,
    blobs,
    sweep: new PreviewSweep(unitOfWork, blobs),
    makeAll: async () => {
      const made: string[] = [];
      while ((await dispatcher.runOnce()) > 0)
        for (const sha256 of await takeMessages()) {
          await handler.handle({ sha256 });
          made.push(sha256);
        }
      return made;
    },
    previewsOf: (sha256) => unitOfWork.read.previews.ofContents([sha256]),
    close: async () => {
      maker.close();
      await api.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
