import type { Request } from 'express';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type HANDLED, type Reply } from '../middlewares/reply.js';
import type { resultMediaOperations } from '../schemas/result-media.schema.js';
import type { LinkUserService } from '../services/link-user.service.js';
import type { ResultMediaRequest, ResultMediaService } from '../services/result-media.service.js';
import {
  presentListedResultMedia,
  presentResultMedia,
  resultMediaPath,
  sheetPath,
  type MediaLink,
} from './media.presenter.js';
import { nextLink } from './next-link.js';
import { filmstripAnswer, sendFile, sendPreview, thumbnailFormat } from './preview-answers.js';
import type { PublicLinks } from './public-links.js';

type Operations = typeof resultMediaOperations;

/** Dependencies of {@link ResultMediaController}. */
export interface ResultMediaControllerDeps {
  readonly media: ResultMediaService;
  readonly links: PublicLinks;
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
}

/** HTTP handlers of the images and videos of results and their previews. */
export class ResultMediaController {
  readonly #deps: ResultMediaControllerDeps;

  constructor(deps: ResultMediaControllerDeps) {
    this.#deps = deps;
  }

  readonly list = async ({ principal, params, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { userId } = principal;
    const { rows, nextCursor } = await this.#deps.media.list({ userId, jobId: params.id }, query);
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    const linkTo = ({ media }: (typeof rows)[number]) =>
      this.#linksOf(request, { userId, jobId: params.id, position: media.position });
    return ok({ media: rows.map((row) => presentListedResultMedia(row, linkTo(row))), nextCursor }, headers);
  };

  readonly get = async ({ principal, params, request }: Call<Operations['get']>): Promise<Reply> => {
    const asked = { userId: principal.userId, jobId: params.id, position: params.position };
    return ok(presentResultMedia(await this.#deps.media.get(asked), this.#linksOf(request, asked)));
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
    const { format } = query;
    return filmstripAnswer(await this.#deps.media.filmstrip(viewed), this.#linksOf(request, viewed), {
      format,
      response,
    });
  };

  readonly filmstripFrame = async (call: Call<Operations['filmstripFrame']>): Promise<typeof HANDLED> => {
    const { frame } = call.params;
    const viewed = await this.#viewed(call, `/filmstrip/${frame}`);
    return sendPreview(call, await this.#deps.media.stripFile(viewed, 'frame', frame));
  };

  readonly filmstripSheet = async (call: Call<Operations['filmstripSheet']>): Promise<typeof HANDLED> => {
    const { sheet } = call.params;
    const viewed = await this.#viewed(call, sheetPath(sheet));
    return sendPreview(call, await this.#deps.media.stripFile(viewed, 'sheet', sheet));
  };

  #linksOf(request: Request, { userId, ...media }: ResultMediaRequest): MediaLink {
    return (path, query) => {
      const signed = this.#deps.links.sign(request, `${resultMediaPath(media)}${path}`, { userId });
      return query === undefined ? signed : `${signed}&${query}`;
    };
  }

  /** The file, as the user of the token or the user for whom the signed link was issued may see it. */
  async #viewed(
    call: Pick<Call<Operations['content']>, 'params' | 'query' | 'principal'>,
    path: string,
  ): Promise<ResultMediaRequest> {
    const { id: jobId, position } = call.params;
    if (call.query.signature === undefined) return { jobId, position, userId: call.principal.userId };
    const signed = `${resultMediaPath({ jobId, position })}${path}`;
    return { jobId, position, userId: await this.#deps.linkUsers.verify(signed, call.query) };
  }
}
