import { toCredits } from '../domain/money.js';
import { validationFailed } from '../errors/common-errors.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, type Reply } from '../middlewares/reply.js';
import type { datasetOperations } from '../schemas/dataset.schema.js';
import type { UploadOutcome, UploadService } from '../services/upload.service.js';
import type { UserService } from '../services/user.service.js';
import { presentQuote } from './quote.presenter.js';

type Operations = typeof datasetOperations;

function presentUpload(name: string, { items, cost, files }: UploadOutcome) {
  const videos = items.map(({ source }) => ({
    id: source.id,
    name: source.name,
    frame_count: source.frameCount,
    sha256: source.sha256,
  }));
  return {
    message: `${name} - video added`,
    id: videos[0].id,
    costDeducted: toCredits(cost),
    videos,
    ...(files.length > 0 && { files }),
  };
}

/** HTTP side of uploads. */
export class UploadController {
  constructor(
    private readonly uploads: Pick<UploadService, 'add' | 'quote'>,
    private readonly users: Pick<UserService, 'balance'>,
  ) {}

  readonly add = async (call: Call<Operations['addVideos']>): Promise<Reply> => {
    const { principal, params, query, body, file, receipt, response } = call;
    if (file === null) {
      throw validationFailed([{ pointer: '/content', message: 'the file is missing', code: 'REQUIRED' }]);
    }
    const abort = new AbortController();
    // Probing for a client who is gone would only cost.
    response.once('close', () => abort.abort());
    const upload = { principal, datasetId: params.id, ...body, file, signal: abort.signal };
    if (query.dryRun) {
      const quote = await this.uploads.quote(upload);
      return ok(presentQuote(quote, await this.users.balance(principal.userId)));
    }
    const reply = (outcome: UploadOutcome) =>
      created(presentUpload(body.name, outcome), `/api/dataset/${params.id}`);
    return reply(await this.uploads.add(upload, (scope, outcome) => receipt.record(scope, reply(outcome))));
  };
}
