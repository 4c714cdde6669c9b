import type { MediaFilter } from '../domain/media-list.js';
import { sendIfUnchanged } from '../middlewares/download.js';
import type { Call } from '../middlewares/endpoint.js';
import { HANDLED, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { mediaOperations } from '../schemas/media.schema.js';
import type { MediaRequest, MediaService } from '../services/media.service.js';
import { mediaPath, presentListedMedia, presentMedia } from './media.presenter.js';
import { nextLink } from './next-link.js';
import { CACHE_SECONDS, PreviewAnswers, sendPreview, type PreviewAnswersDeps } from './preview-answers.js';

type Operations = typeof mediaOperations;
type MediaId = Omit<MediaRequest, 'userId'>;

/** Dependencies of {@link MediaController}. */
export interface MediaControllerDeps extends Pick<PreviewAnswersDeps<MediaId>, 'links' | 'linkUsers'> {
  readonly media: MediaService;
}

/** HTTP handlers of media and their previews. */
export class MediaController {
  readonly #media: MediaService;
  readonly #answers: PreviewAnswers<MediaId>;

  constructor({ media, ...links }: MediaControllerDeps) {
    this.#media = media;
    this.#answers = new PreviewAnswers<MediaId>({
      files: media,
      pathOf: ({ id }) => mediaPath(id),
      ...links,
    });
  }

  readonly list = async (call: Call<Operations['list']>): Promise<Reply> => {
    const { dataset: datasetId, ...query } = call.query;
    return this.#page(call, { ...query, datasetId });
  };

  readonly ofDataset = async (call: Call<Operations['ofDataset']>): Promise<Reply> =>
    this.#page(call, { ...call.query, datasetId: call.params.id });

  readonly get = async ({ principal, params, request }: Call<Operations['get']>): Promise<Reply> => {
    const { userId } = principal;
    const { id } = params;
    const details = await this.#media.get({ userId, id });
    return ok(presentMedia(details, this.#answers.linksOf(request, userId, { id })));
  };

  readonly content = (call: Call<Operations['content']>) => this.#answers.content(call, call.params);

  readonly thumbnail = (call: Call<Operations['thumbnail']>) => this.#answers.thumbnail(call, call.params);

  readonly poster = (call: Call<Operations['poster']>) => this.#answers.whole(call, call.params, 'poster');

  readonly proxy = (call: Call<Operations['proxy']>) => this.#answers.whole(call, call.params, 'proxy');

  readonly filmstrip = (call: Call<Operations['filmstrip']>) => this.#answers.filmstrip(call, call.params);

  readonly filmstripFrame = (call: Call<Operations['filmstripFrame']>) => {
    const { position, ...id } = call.params;
    return this.#answers.filmstripFrame(call, id, position);
  };

  readonly filmstripSheet = (call: Call<Operations['filmstripSheet']>) => {
    const { position, ...id } = call.params;
    return this.#answers.filmstripSheet(call, id, position);
  };

  readonly frame = async (call: Call<Operations['frame']>): Promise<typeof HANDLED> => {
    const { params, query, request, response } = call;
    const { index, ...id } = params;
    const asked = await this.#answers.asked(call, id, `/frames/${index}`);
    const frame = await this.#media.frame(asked, index, query.format);
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
    const { rows, nextCursor } = await this.#media.list({ ...filter, order, userId }, { limit, cursor });
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    const media = rows.map((row) =>
      presentListedMedia(row, this.#answers.linksOf(request, userId, row.media)),
    );
    return ok({ media, nextCursor }, headers);
  }
}
