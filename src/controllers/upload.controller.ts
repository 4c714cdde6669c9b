import { toCredits } from '../domain/money.js';
import type { Call } from '../middlewares/endpoint.js';
import { created, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { datasetOperations } from '../schemas/dataset.schema.js';
import type { Upload, UploadOutcome, UploadService } from '../services/upload.service.js';
import { inspectVideos } from '../services/upload-videos.js';
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
    const { principal, params, query, body, receipt } = call;
    const form = { ...body, file: call.file('content') };
    const upload: Upload = {
      principal,
      datasetId: params.id,
      title: body.name,
      signal: whileConnected(call.response),
      inspect: (inspector, signal) => inspectVideos(inspector, form, signal),
    };
    if (query.dryRun) {
      const quote = await this.uploads.quote(upload);
      return ok(presentQuote(quote, await this.users.balance(principal.userId)));
    }
    const reply = (outcome: UploadOutcome) =>
      created(presentUpload(body.name, outcome), `/api/dataset/${params.id}`);
    return reply(await this.uploads.add(upload, (scope, outcome) => receipt.record(scope, reply(outcome))));
  };
}
