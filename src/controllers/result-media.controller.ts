import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { resultMediaOperations } from '../schemas/result-media.schema.js';
import type { ResultMediaRequest, ResultMediaService } from '../services/result-media.service.js';
import { presentListedResultMedia, presentResultMedia, resultMediaPath } from './media.presenter.js';
import { nextLink } from './next-link.js';
import { PreviewAnswers, type PreviewAnswersDeps } from './preview-answers.js';

type Operations = typeof resultMediaOperations;
type ResultMediaId = Omit<ResultMediaRequest, 'userId'>;

/** Dependencies of {@link ResultMediaController}. */
export interface ResultMediaControllerDeps extends Pick<
  PreviewAnswersDeps<ResultMediaId>,
  'links' | 'linkUsers'
> {
  readonly media: ResultMediaService;
}

/** HTTP handlers of the images and videos of results and their previews. */
export class ResultMediaController {
  readonly #media: ResultMediaService;
  readonly #answers: PreviewAnswers<ResultMediaId>;

  constructor({ media, ...links }: ResultMediaControllerDeps) {
    this.#media = media;
    this.#answers = new PreviewAnswers({ files: media, pathOf: resultMediaPath, ...links });
  }

  readonly list = async ({ principal, params, query, request }: Call<Operations['list']>): Promise<Reply> => {
    const { userId } = principal;
    const { rows, nextCursor } = await this.#media.list({ userId, jobId: params.id }, query);
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    const linkTo = ({ media }: (typeof rows)[number]) => this.#answers.linksOf(request, userId, media);
    return ok({ media: rows.map((row) => presentListedResultMedia(row, linkTo(row))), nextCursor }, headers);
  };

  readonly get = async ({ principal, params, request }: Call<Operations['get']>): Promise<Reply> => {
    const { userId } = principal;
    const details = await this.#media.get({ userId, ...idOf({ params }) });
    return ok(presentResultMedia(details, this.#answers.linksOf(request, userId, details.media)));
  };

  readonly content = (call: Call<Operations['content']>) => this.#answers.content(call, idOf(call));

  readonly thumbnail = (call: Call<Operations['thumbnail']>) => this.#answers.thumbnail(call, idOf(call));

  readonly poster = (call: Call<Operations['poster']>) => this.#answers.whole(call, idOf(call), 'poster');

  readonly proxy = (call: Call<Operations['proxy']>) => this.#answers.whole(call, idOf(call), 'proxy');

  readonly filmstrip = (call: Call<Operations['filmstrip']>) => this.#answers.filmstrip(call, idOf(call));

  readonly filmstripFrame = (call: Call<Operations['filmstripFrame']>) =>
    this.#answers.filmstripFrame(call, idOf(call), call.params.frame);

  readonly filmstripSheet = (call: Call<Operations['filmstripSheet']>) =>
    this.#answers.filmstripSheet(call, idOf(call), call.params.sheet);
}

const idOf = ({ params }: Pick<Call<Operations['get']>, 'params'>): ResultMediaId => ({
  jobId: params.id,
  position: params.position,
});
