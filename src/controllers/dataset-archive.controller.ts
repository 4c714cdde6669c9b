import type { Call } from '../middlewares/endpoint.js';
import { sendDownload } from '../middlewares/download.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, HANDLED, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { datasetArchiveOperations } from '../schemas/dataset-archive.schema.js';
import type { DatasetArchiveService } from '../services/dataset-archive.service.js';
import type { DatasetService } from '../services/dataset.service.js';
import type { LinkUserService } from '../services/link-user.service.js';
import type { Upload, UploadOutcome, UploadService } from '../services/upload.service.js';
import type { UserService } from '../services/user.service.js';
import { archivePathOf } from './dataset.presenter.js';
import { presentQuote } from './quote.presenter.js';
import { presentArchive } from './upload.presenter.js';

type Operations = typeof datasetArchiveOperations;

/** Dependencies of {@link DatasetArchiveController}. */
export interface DatasetArchiveControllerDeps {
  readonly archives: DatasetArchiveService;
  readonly uploads: Pick<UploadService, 'add' | 'quote'>;
  readonly datasets: Pick<DatasetService, 'requireNameFree'>;
  readonly users: Pick<UserService, 'balance'>;
  readonly linkUsers: Pick<LinkUserService, 'verify'>;
}

/** HTTP handlers of archives of datasets. */
export class DatasetArchiveController {
  readonly #deps: DatasetArchiveControllerDeps;

  constructor(deps: DatasetArchiveControllerDeps) {
    this.#deps = deps;
  }

  readonly download = async (call: Call<Operations['download']>): Promise<typeof HANDLED> => {
    const { params, query, request, response } = call;
    const { archives, linkUsers } = this.#deps;
    const userId =
      query.signature === undefined
        ? call.principal.userId
        : await linkUsers.verify(archivePathOf(params.id), query);
    using archive = await archives.open({ userId, id: params.id });
    const { tag, ...file } = archive;
    await sendDownload(request, response, { ...file, etag: `"${tag}"`, type: 'application/zip' });
    return HANDLED;
  };

  readonly import = async (call: Call<Operations['import']>): Promise<Reply> => {
    const { principal, query, receipt } = call;
    const { uploads, users } = this.#deps;
    const upload = this.#uploadOf(call);
    if (query.dryRun) {
      const { files: _none, ...quote } = await uploads.quote(upload);
      return ok(presentQuote(quote, await users.balance(principal.userId)));
    }
    const answer = new IdempotentReply(receipt, (outcome: UploadOutcome) =>
      created(presentArchive(outcome), `/api/dataset/${outcome.dataset.id}`),
    );
    return answer.of(await uploads.add(upload, answer.record));
  };

  #uploadOf({ principal, body, response, reservation, ...call }: Call<Operations['import']>): Upload {
    const { datasetId = null, name } = body;
    const file = call.file('content');
    return {
      ...{ principal, datasetId, reservation, receivedBytes: file.bytes },
      title: file.originalName.slice(0, 200),
      signal: whileConnected(response),
      content: {
        kind: 'dataset',
        form: {
          ...{ file, name },
          ...(datasetId === null && {
            requireName: (taken) => this.#deps.datasets.requireNameFree(principal, taken),
          }),
        },
      },
    };
  }
}
