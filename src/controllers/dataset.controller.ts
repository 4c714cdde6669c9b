import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { datasetOperations } from '../schemas/dataset.schema.js';
import { datasetETag, type DatasetService } from '../services/dataset.service.js';
import {
  archivePathOf,
  presentDataset,
  presentDatasetRow,
  presentDatasetWithMedia,
} from './dataset.presenter.js';
import { nextLink } from './next-link.js';
import type { PublicLinks } from './public-links.js';

type Operations = typeof datasetOperations;

/** HTTP handlers of datasets and tags. */
export class DatasetController {
  readonly #datasets: DatasetService;
  readonly #links: PublicLinks;

  constructor(datasets: DatasetService, links: PublicLinks) {
    this.#datasets = datasets;
    this.#links = links;
  }

  readonly create = async ({ principal, body }: Call<Operations['create']>): Promise<Reply> => {
    const dataset = await this.#datasets.create(principal, body);
    const answer = { message: 'Dataset created successfully', dataset: presentDataset(dataset) };
    return created(answer, `/api/dataset/${dataset.id}`);
  };

  readonly list = async ({ principal, query, body, request }: Call<Operations['list']>): Promise<Reply> => {
    const tags = [...(query.tags ?? []), ...(body?.tags ?? [])];
    const { rows, nextCursor } = await this.#datasets.list(principal, {
      ...query,
      tags: tags.length > 0 ? tags : undefined,
    });
    const headers = nextCursor === null ? undefined : { Link: nextLink(request.originalUrl, nextCursor) };
    return ok({ datasets: rows.map(presentDatasetRow), nextCursor }, headers);
  };

  readonly get = async ({ principal, params, request }: Call<Operations['get']>): Promise<Reply> => {
    const { dataset, items } = await this.#datasets.get(principal, params.id);
    const { userId } = principal;
    const archiveUrl = this.#links.sign(request, archivePathOf(dataset.id), { userId });
    return ok(
      { dataset: presentDatasetWithMedia(dataset, items, archiveUrl) },
      { ETag: datasetETag(dataset) },
    );
  };

  readonly update = async ({
    principal,
    params,
    body,
    request,
  }: Call<Operations['update']>): Promise<Reply> => {
    const ifMatch = request.get('if-match');
    const dataset = await this.#datasets.update(principal, params.id, { ...body, ifMatch });
    const answer = { message: 'Dataset updated successfully', dataset: presentDataset(dataset) };
    return ok(answer, { ETag: datasetETag(dataset) });
  };

  readonly remove = async ({ principal, params }: Call<Operations['remove']>): Promise<Reply> => {
    await this.#datasets.remove(principal, params.id);
    return ok({ message: 'Dataset deleted successfully' });
  };

  readonly tags = async ({ principal }: Call<Operations['tags']>): Promise<Reply> =>
    ok({ tags: await this.#datasets.tags(principal) });
}
