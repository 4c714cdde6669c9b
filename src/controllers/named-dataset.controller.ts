import type { Request } from 'express';
import type { Dataset } from '../domain/dataset.js';
import type { Principal } from '../domain/user.js';
import { sendDownload } from '../middlewares/download.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, HANDLED, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { namedDatasetOperations } from '../schemas/named-dataset.schema.js';
import type { DatasetFileService } from '../services/dataset-file.service.js';
import type { DatasetService } from '../services/dataset.service.js';
import type { LinkUserService } from '../services/link-user.service.js';
import {
  countItems,
  presentDatasetSummary,
  presentNewDataset,
  presentSample,
  samplesOf,
} from './named-dataset.presenter.js';
import { pageFactsOf, sliceOf } from './page.presenter.js';
import type { PublicLinks } from './public-links.js';

type Operations = typeof namedDatasetOperations;

/** Dependencies of {@link NamedDatasetController}. */
export interface NamedDatasetControllerDeps {
  readonly datasets: Pick<DatasetService, 'create' | 'page' | 'getByName' | 'update' | 'remove'>;
  readonly files: Pick<DatasetFileService, 'open'>;
  readonly links: PublicLinks;
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
}

const filePath = (name: string, type: string, filename: string): string =>
  `/api/datasets/${encodeURIComponent(name)}/${type}/${encodeURIComponent(filename)}`;

/** Part of the signed query: a link issued without it is no longer valid once its dataset is deleted. */
const INCLUDE_DELETED = '&includeDeleted=true';

/** HTTP handlers of datasets addressed by name, for the compatibility routes. */
export class NamedDatasetController {
  readonly #deps: NamedDatasetControllerDeps;

  constructor(deps: NamedDatasetControllerDeps) {
    this.#deps = deps;
  }

  readonly create = async ({ principal, body }: Call<Operations['create']>): Promise<Reply> => {
    const dataset = await this.#deps.datasets.create(principal, body);
    return created(
      {
        success: true,
        message: 'Empty dataset created successfully',
        dataset: presentNewDataset(dataset),
      },
      `/api/datasets/${encodeURIComponent(dataset.name)}`,
    );
  };

  readonly list = async ({ principal, query }: Call<Operations['list']>): Promise<Reply> => {
    const { tags, includeDeleted } = query;
    const { rows, total } = await this.#deps.datasets.page(
      principal,
      { tags, includeDeleted },
      sliceOf(query),
    );
    return ok({
      success: true,
      message: 'Datasets retrieved successfully',
      data: rows.map(presentDatasetSummary),
      ...pageFactsOf(query, total),
    });
  };

  readonly get = async ({ principal, params, query }: Call<Operations['get']>): Promise<Reply> => {
    const { dataset, items } = await this.#deps.datasets.getByName(principal, params.name, query);
    const data = presentDatasetSummary({ dataset, ...countItems(items) });
    return ok({ success: true, message: 'Dataset retrieved successfully', data });
  };

  readonly items = async (call: Call<Operations['items']>): Promise<Reply> => {
    const { principal, params, query, request } = call;
    const { dataset, items } = await this.#deps.datasets.getByName(principal, params.name, query);
    const { content, images, videoFrames } = countItems(items);
    const slice = sliceOf(query);
    const link = this.#fileLinks(request, principal, dataset);
    const samples = samplesOf(items, slice).map((sample, index) =>
      presentSample(sample, slice.offset + index, link),
    );
    const data = {
      name: dataset.name,
      type: content,
      ...pageFactsOf(query, images + videoFrames),
      items: samples,
    };
    return ok({ success: true, message: 'Dataset data retrieved successfully', data });
  };

  readonly file = async (call: Call<Operations['file']>): Promise<typeof HANDLED> => {
    const { params, query, request, response } = call;
    await using file = await this.#deps.files.open(
      {
        userId: await this.#viewer(call),
        datasetName: params.name,
        type: params.type,
        filename: params.filename,
        includeDeleted: query.includeDeleted ?? false,
      },
      whileConnected(response),
    );
    const inline = !query.download;
    await sendDownload(request, response, { ...file, inline, etag: `"${file.sha256}"` });
    return HANDLED;
  };

  readonly update = async ({ principal, params, body }: Call<Operations['update']>): Promise<Reply> => {
    const { dataset: before, items } = await this.#deps.datasets.getByName(principal, params.name);
    const after = await this.#deps.datasets.update(principal, before.id, body);
    const { images, videoFrames } = countItems(items);
    const data = {
      userId: after.userId,
      name: after.name,
      tags: after.tags,
      itemCount: images + videoFrames,
      changes: {
        nameChanged: after.name !== before.name,
        tagsChanged: JSON.stringify(after.tags) !== JSON.stringify(before.tags),
      },
    };
    return ok({ success: true, message: 'Dataset updated succesfully', data });
  };

  readonly remove = async ({ principal, params }: Call<Operations['remove']>): Promise<Reply> => {
    const { dataset } = await this.#deps.datasets.getByName(principal, params.name);
    await this.#deps.datasets.remove(principal, dataset.id);
    return ok({ success: true, message: 'Dataset deleted succesfully' });
  };

  #fileLinks(request: Request, { userId }: Principal, dataset: Dataset) {
    const extra = dataset.deletedAt === null ? '' : INCLUDE_DELETED;
    return (type: 'image' | 'mask', filename: string) =>
      this.#deps.links.sign(request, filePath(dataset.name, type, filename), { userId, extra });
  }

  /** The user of the bearer token, or the user for whom the signed link was issued. */
  async #viewer(call: Call<Operations['file']>): Promise<string> {
    const { params, query } = call;
    if (query.signature === undefined) return call.principal.userId;
    const extra = query.includeDeleted ? INCLUDE_DELETED : '';
    return this.#deps.linkUsers.verify(filePath(params.name, params.type, params.filename) + extra, query);
  }
}
