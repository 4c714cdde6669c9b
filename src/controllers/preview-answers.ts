import type { Request, Response } from 'express';
import { filmstripVtt, type FilmstripFacts } from '../domain/filmstrip.js';
import type { ThumbnailFormat } from '../domain/preview.js';
import { sendDownload } from '../middlewares/download.js';
import { HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { MediaFile } from '../services/preview-files.js';
import { presentFilmstrip, sheetPath, type MediaLink } from './media.presenter.js';

/** How long browsers keep previews and frames: as long as a signed link lives. */
export const CACHE_SECONDS = 900;

/** The parts of a call that these answers need. */
interface FileCall {
  readonly query: { readonly download?: boolean };
  readonly request: Request;
  readonly response: Response;
}

/** Sends a file in place, or to be saved with `download=1`. */
export async function sendFile(
  { query, request, response }: FileCall,
  { tag, ...file }: MediaFile,
): Promise<typeof HANDLED> {
  await sendDownload(request, response, { ...file, etag: `"${tag}"`, inline: !query.download });
  return HANDLED;
}

/** Sends a preview like {@link sendFile}; the client may keep it. */
export async function sendPreview(
  { query, request, response }: FileCall,
  { tag, ...file }: MediaFile,
): Promise<typeof HANDLED> {
  const common = { etag: `"${tag}"`, inline: !query.download, cacheSeconds: CACHE_SECONDS };
  await sendDownload(request, response, { ...file, ...common });
  return HANDLED;
}

/** The format of a thumbnail: the one in the query, or WebP for clients that name it. */
export function thumbnailFormat({
  query,
  request,
  response,
}: {
  readonly query: { readonly format?: ThumbnailFormat };
  readonly request: Request;
  readonly response: Response;
}): ThumbnailFormat {
  if (query.format !== undefined) return query.format;
  response.vary('Accept');
  // A wildcard is not a wish for WebP.
  return /\bimage\/webp\b/.test(request.get('accept') ?? '') ? 'webp' : 'jpeg';
}

/** The index of a filmstrip as JSON or WebVTT. */
export function filmstripAnswer(
  filmstrip: FilmstripFacts,
  link: MediaLink,
  { format, response }: { readonly format: 'json' | 'vtt'; readonly response: Response },
): Reply | typeof HANDLED {
  if (format === 'json') return ok(presentFilmstrip(filmstrip, link));
  const text = filmstripVtt(filmstrip, (sheet) => link(sheetPath(sheet)));
  response.set({ 'Content-Type': 'text/vtt; charset=utf-8', 'Cache-Control': 'no-store' }).send(text);
  return HANDLED;
}
