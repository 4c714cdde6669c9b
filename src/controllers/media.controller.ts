import type { Request } from 'express';
import type { MediaFilter } from '../domain/media-list.js';
import { sendIfUnchanged } from '../middlewares/download.js';
import type { Call } from '../middlewares/endpoint.js';
import { HANDLED, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { mediaOperations } from '../schemas/media.schema.js';
import type { LinkUserService } from '../services/link-user.service.js';
import type { MediaRequest, MediaService } from '../services/media.service.js';
import { mediaPath, presentListedMedia, presentMedia, sheetPath, type MediaLink } from './media.presenter.js';
import { nextLink } from './next-link.js';
import { CACHE_SECONDS, filmstripAnswer, sendFile, sendPreview, thumbnailFormat } from './preview-answers.js';
import type { PublicLinks } from './public-links.js';

type Operations = typeof mediaOperations;
/** Dependencies of {@link MediaController}. */
export interface MediaControllerDeps {
  readonly media: MediaService;
  readonly links: PublicLinks;
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
}

/** HTTP handlers of media and their previews. */
export class MediaController {
  readonly #deps: MediaControllerDeps;

  constructor(deps: MediaControllerDeps) {
    this.#deps = deps;
  }

  readonly list = async (call: Call<Operations['list']>): Promise<Reply> => {
    const { dataset: datasetId, ...query } = call.query;
    return this.#page(call, { ...query, datasetId });
  };

  readonly ofDataset = async (call: Call<Operations['ofDataset']>): Promise<Reply> =>
    this.#page(call, { ...call.query, datasetId: call.params.id });

  readonly get = async ({ principal, params, request }: Call<Operations['get']>): Promise<Reply> => {
    const { userId } = principal;
    const details = await this.#deps.media.get({ userId, id: params.id });
    return ok(presentMedia(details, this.#linksOf(request, userId, params.id)));
  };

  readonly content = async (call: Call<Operations['content']>): Promise<typeof HANDLED> =>
    sendFile(call, await this.#deps.media.content(await this.#viewed(call, '/content')));

  readonly thumbnail = async (call: Call<Operations['thumbnail']>): Promise<typeof HANDLED> => {
    const viewed = await this.#viewed(call, '/thumbnail');
    const width = Number(call.query.width);
    return sendPreview(call, await this.#deps.media.thumbnail(viewed, width, thumbnailFormat(call)));
  };

  readonly poster = async (call: Call<Operations['poster']>): Promise<typeof HANDLED> =>
    sendPreview(call, await this.#deps.media.whole(await this.#viewed(call, '/poster'), 'poster'));

  readonly proxy = async (call: Call<Operations['proxy']>): Promise<typeof HANDLED> =>
    sendPreview(call, await this.#deps.media.whole(await this.#viewed(call, '/proxy'), 'proxy'));

  readonly filmstrip = async (call: Call<Operations['filmstrip']>): Promise<Reply | typeof HANDLED> => {
    const { query, request, response } = call;
    const viewed = await this.#viewed(call, '/filmstrip');
    const link = this.#linksOf(request, viewed.userId, viewed.id);
    const { format } = query;
    return filmstripAnswer(await this.#deps.media.filmstrip(viewed), link, { format, response });
  };

  readonly filmstripFrame = async (call: Call<Operations['filmstripFrame']>): Promise<typeof HANDLED> => {
    const { position } = call.params;
    const viewed = await this.#viewed(call, `/filmstrip/${position}`);
    return sendPreview(call, await this.#deps.media.stripFile(viewed, 'frame', position));
  };

  readonly filmstripSheet = async (call: Call<Operations['filmstripSheet']>): Promise<typeof HANDLED> => {
    const { position } = call.params;
    const viewed = await this.#viewed(call, sheetPath(position));
    return sendPreview(call, await this.#deps.media.stripFile(viewed, 'sheet', position));
  };

  readonly frame = async (call: Call<Operations['frame']>): Promise<typeof HANDLED> => {
    const { params, query, request, response } = call;
    const viewed = await this.#viewed(call, `/frames/${params.index}`);
    const frame = await this.#deps.media.frame(viewed, params.index, query.format);
    // A client that has the frame does not make the server decode it.
    const unchanged = { etag: `"${frame.tag}"`, modified: frame.modified, cacheSeconds: CACHE_SECONDS };
    if (sendIfUnchanged(request, response, unchanged)) return HANDLED;
    await using image = await frame.open(whileConnected(response));
    return await sendPreview(call, image);
  };

  async #page(
    { principal, request }: Pick<Call<Operations['list']>, 'principal' | 'request'>,
    query: Omit<MediaFilter, 'userId' | 'order'> & {
      readonly order?: MediaFilter['order'];
      readonly limit: number;
      readonly cursor?: string;
    },
  ): Promise<Reply> {
    const { limit, cursor, ...filter } = query;
    const { userId } = principal;
    const order = filter.order ?? (filter.sort === 'name' ? 'asc' : 'desc');
    const { rows, nextCursor } = await this.#deps.media.list({ ...filter, order, userId }, { limit, cursor });
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    const media = rows.map((row) => presentListedMedia(row, this.#linksOf(request, userId, row.media.id)));
    return ok({ media, nextCursor }, headers);
  }

  #linksOf(request: Request, userId: string, id: string): MediaLink {
    return (path, query) => {
      const signed = this.#deps.links.sign(request, `${mediaPath(id)}${path}`, { userId });
      return query === undefined ? signed : `${signed}&${query}`;
    };
  }

  /** The media, as the user of the token or the user for whom the signed link was issued may see it. */
  async #viewed(
    call: Pick<Call<Operations['content']>, 'params' | 'query' | 'principal'>,
    path: string,
  ): Promise<MediaRequest> {
    const { id } = call.params;
    if (call.query.signature === undefined) return { id, userId: call.principal.userId };
    return { id, userId: await this.#deps.linkUsers.verify(`${mediaPath(id)}${path}`, call.query) };
  }
}
