import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PREVIEW_KINDS, type Preview } from '../../../src/domain/preview.js';
import { PreviewMakerProcess } from '../../../src/engines/preview-maker/preview-maker-process.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { PreviewDispatcher } from '../../../src/services/preview-dispatcher.service.js';
import { PreviewSweep } from '../../../src/services/preview-sweep.js';
import type { BlobStore } from '../../../src/storage/blob-store.js';
import { TempFolders } from '../../../src/storage/temp-folders.js';
import { MakePreviewsHandler } from '../../../src/workers/handlers/make-previews.js';
import { startTestApi, type TestApi, type TestApiOptions } from '../../support/api.js';
import type { ApiClient } from '../../support/api-client.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';

/** Links in the description of a video, with the content types of what they lead to. */
export const VIDEO_LINKS = [
  ['contentUrl', 'video/mp4'],
  ['previews.thumbnail.files.0.url', 'image/jpeg'],
  ['previews.thumbnail.files.1.url', 'image/webp'],
  ['previews.poster.file.url', 'image/jpeg'],
  ['previews.filmstrip.url', 'application/json; charset=utf-8'],
  ['previews.filmstrip.vttUrl', 'text/vtt; charset=utf-8'],
  ['previews.proxy.file.url', 'video/mp4'],
] as const;

/** An API, with what a worker does for previews on demand. */
export interface PreviewWorld {
  readonly api: TestApi;
  readonly folder: string;
  readonly dispatcher: PreviewDispatcher;
  readonly sweep: PreviewSweep;
  readonly handler: MakePreviewsHandler;
  readonly blobs: BlobStore;
  /** Makes all previews that are pending. @returns the contents that were worked on */
  makeAll(): Promise<string[]>;
  previewsOf(sha256: string): Promise<readonly Preview[]>;
  close(): Promise<void>;
}

/** Opens the world of a test file. */
export async function openPreviewWorld(options: TestApiOptions = {}): Promise<PreviewWorld> {
  const api = await startTestApi(options);
  const folder = await mkdtemp(path.join(tmpdir(), 'infernode-previews-'));
  await mkdir(path.join(folder, 'clips'));
  const { unitOfWork, queue, database } = api.persistence;
  const { blobs } = api.storage;
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

/** A media that a user uploaded to a dataset of their own. */
export interface UploadedMedia {
  readonly client: ApiClient;
  readonly token: string;
  readonly userId: string;
  readonly datasetId: string;
  readonly mediaId: string;
  readonly sha256: string;
}

/** Uploads a file as a new user. */
export async function uploadAs(
  { api }: PreviewWorld,
  owner: string,
  file: string,
  kind: 'video' | 'image' = 'video',
): Promise<UploadedMedia> {
  const { client, user, token } = await api.user(owner);
  const datasetId = String((await client.post('/api/dataset', { name: 'Clips' })).at('dataset.id'));
  return {
    client,
    token,
    userId: user.id,
    datasetId,
    ...(await uploadTo({ client, datasetId }, file, kind)),
  };
}

/** Uploads a file to a dataset. */
export async function uploadTo(
  { client, datasetId }: Pick<UploadedMedia, 'client' | 'datasetId'>,
  file: string,
  kind: 'video' | 'image' = 'video',
): Promise<Pick<UploadedMedia, 'mediaId' | 'sha256'>> {
  const body = new FormData();
  body.append('name', path.basename(file));
  body.append('content', new Blob([new Uint8Array(await readFile(file))]), path.basename(file));
  const answer = await client.call('POST', `/api/dataset/${datasetId}/${kind}s`, { body });
  if (answer.status !== 201) throw new Error(answer.text);
  return { mediaId: String(answer.at(`${kind}s.0.id`)), sha256: String(answer.at(`${kind}s.0.sha256`)) };
}
