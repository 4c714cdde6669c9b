import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { MediaKind } from '../../domain/dataset.js';
import type { PreviewKind, ProxyEncoder } from '../../domain/preview.js';
import type { FfmpegTools } from '../../media/ffmpeg-locate.js';
import { makeFilmstrip } from '../../media/previews/filmstrip.js';
import type { MadePreview } from '../../media/previews/made-preview.js';
import { openVideo, type OpenedVideo } from '../../media/previews/preview-source.js';
import { makeProxy } from '../../media/previews/proxy.js';
import { makeImageThumbnails, makePoster, makeVideoThumbnails } from '../../media/previews/thumbnails.js';
import type { StoredVideo } from '../../media/stored-video.js';

/** One preview of one stored file. */
export interface PreviewWork {
  readonly kind: PreviewKind;
  readonly path: string;
  readonly media: MediaKind;
  /** What is stored about a video; null for an image, and for a video of which nothing is known yet. */
  readonly video: StoredVideo | null;
  /** Existing folder for the files of the preview. */
  readonly folder: string;
  readonly tools: FfmpegTools;
  readonly encoder: ProxyEncoder;
  /** Threads of FFmpeg for the playable copy. */
  readonly threads: number;
  readonly timeoutMs: number;
}

/** The last opened video: its previews are made one after the other, and opening may decode all of it. */
let opened: { readonly path: string; readonly folder: string; readonly video: OpenedVideo } | undefined;

/**
 * Makes a preview.
 * @throws AppError as the functions of `media/previews` do
 */
export async function makePreview(work: PreviewWork): Promise<MadePreview> {
  const { kind, path, media, folder } = work;
  if (kind === 'md5') return { files: [], facts: { md5: await md5Of(path) } };
  if (media === 'image') return makeImageThumbnails(path, folder);
  const source = await open(work);
  switch (kind) {
    case 'thumbnail':
      return makeVideoThumbnails(source, folder);
    case 'poster':
      return makePoster(source, folder);
    case 'filmstrip':
      return makeFilmstrip(source, folder);
    case 'proxy':
      return makeProxy(source, folder, { ...work, wallClockMs: work.timeoutMs });
  }
}

async function open({ path, video, folder, tools }: PreviewWork): Promise<OpenedVideo> {
  if (opened?.path === path && opened.folder === folder) return opened.video;
  opened = undefined;
  // As jobs do: no frame is expected that does not exist.
  const source = await openVideo({ path, video, tools, folder, decode: 'all' });
  opened = { path, folder, video: source };
  return source;
}

async function md5Of(path: string): Promise<string> {
  const hash = createHash('md5');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
