import type { Request, Response } from 'express';
import { filmstripVtt } from '../domain/filmstrip.js';
import type { ThumbnailFormat } from '../domain/preview.js';
import type { Principal } from '../domain/user.js';
import { sendDownload } from '../middlewares/download.js';
import { HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { LinkUserService } from '../services/link-user.service.js';
import type { MediaFile, PreviewFiles } from '../services/preview-files.js';
import type { LinkSignature } from '../services/token-download-link.js';
import { presentFilmstrip, sheetPath, type MediaLink } from './media.presenter.js';
import type { PublicLinks } from './public-links.js';

/** How long browsers keep previews and frames: as long as a signed link lives. */
export const CACHE_SECONDS = 900;

/** The parts of a call for a file, by token or by signed link. */
interface FileCall {
  readonly query: Partial<LinkSignature> & { readonly download?: boolean };
  readonly principal: Principal;
  readonly request: Request;
  readonly response: Response;
}

interface ThumbnailCall extends FileCall {
  readonly query: FileCall['query'] & { readonly width: string; readonly format?: ThumbnailFormat };
}

interface FilmstripCall extends FileCall {
  readonly query: FileCall['query'] & { readonly format: 'json' | 'vtt' };
}

/** The file of a request of a user. */
type Asked<Id> = Id & { readonly userId: string };

/** Dependencies of {@link PreviewAnswers}. */
export interface PreviewAnswersDeps<Id> {
  readonly files: {
    content(request: Asked<Id>): Promise<MediaFile>;
    readonly previews: PreviewFiles<Asked<Id>>;
  };
  /** Path of the description of a file. */
  readonly pathOf: (id: Id) => string;
  readonly links: PublicLinks;
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
}

/** Answers calls for files of one kind, by token or signed link, and for their previews. */
export class PreviewAnswers<Id extends object> {
  readonly #deps: PreviewAnswersDeps<Id>;

  constructor(deps: PreviewAnswersDeps<Id>) {
    this.#deps = deps;
  }

  /** The file itself. */
  async content(call: FileCall, id: Id): Promise<typeof HANDLED> {
    return send(call, await this.#deps.files.content(await this.asked(call, id, '/content')));
  }

  async thumbnail(call: ThumbnailCall, id: Id): Promise<typeof HANDLED> {
    const asked = await this.asked(call, id, '/thumbnail');
    const width = Number(call.query.width);
    return sendPreview(call, await this.#previews.thumbnail(asked, width, thumbnailFormat(call)));
  }

  async whole(call: FileCall, id: Id, kind: 'poster' | 'proxy'): Promise<typeof HANDLED> {
    return sendPreview(call, await this.#previews.whole(await this.asked(call, id, `/${kind}`), kind));
  }

  /** The index as JSON or WebVTT. */
  async filmstrip(call: FilmstripCall, id: Id): Promise<Reply | typeof HANDLED> {
    const asked = await this.asked(call, id, '/filmstrip');
    const filmstrip = await this.#previews.filmstrip(asked);
    const link = this.linksOf(call.request, asked.userId, id);
    if (call.query.format === 'json') return ok(presentFilmstrip(filmstrip, link));
    const text = filmstripVtt(filmstrip, (sheet) => link(sheetPath(sheet)));
    call.response.set({ 'Content-Type': 'text/vtt; charset=utf-8', 'Cache-Control': 'no-store' }).send(text);
    return HANDLED;
  }

  async filmstripFrame(call: FileCall, id: Id, position: number): Promise<typeof HANDLED> {
    const asked = await this.asked(call, id, `/filmstrip/${position}`);
    return sendPreview(call, await this.#previews.stripFile(asked, 'frame', position));
  }

  async filmstripSheet(call: FileCall, id: Id, position: number): Promise<typeof HANDLED> {
    const asked = await this.asked(call, id, sheetPath(position));
    return sendPreview(call, await this.#previews.stripFile(asked, 'sheet', position));
  }

  /** Signed links to paths below a file. */
  linksOf(request: Request, userId: string, id: Id): MediaLink {
    const { links, pathOf } = this.#deps;
    return (path, query) => {
      const signed = links.sign(request, `${pathOf(id)}${path}`, { userId });
      return query === undefined ? signed : `${signed}&${query}`;
    };
  }

  /** The file, for the user of the token or the user for whom the signed link of this path below it was issued. */
  async asked(call: Pick<FileCall, 'query' | 'principal'>, id: Id, path: string): Promise<Asked<Id>> {
    const { linkUsers, pathOf } = this.#deps;
    if (call.query.signature === undefined) return { ...id, userId: call.principal.userId };
    return { ...id, userId: await linkUsers.verify(`${pathOf(id)}${path}`, call.query) };
  }

  get #previews(): PreviewFiles<Asked<Id>> {
    return this.#deps.files.previews;
  }
}

/** Sends a file in place, or to be saved with `download=1`. */
async function send(
  { query, request, response }: FileCall,
  { tag, ...file }: MediaFile,
  cacheSeconds?: number,
): Promise<typeof HANDLED> {
  await sendDownload(request, response, { ...file, etag: `"${tag}"`, inline: !query.download, cacheSeconds });
  return HANDLED;
}

/** Sends a preview or a frame, which the client may keep. */
export const sendPreview = (call: FileCall, file: MediaFile): Promise<typeof HANDLED> =>
  send(call, file, CACHE_SECONDS);

/** The format of a thumbnail: the one in the query, or WebP for clients that name it. */
function thumbnailFormat({ query, request, response }: ThumbnailCall): ThumbnailFormat {
  if (query.format !== undefined) return query.format;
  response.vary('Accept');
  // A wildcard is not a wish for WebP.
  return /\bimage\/webp\b/.test(request.get('accept') ?? '') ? 'webp' : 'jpeg';
}
