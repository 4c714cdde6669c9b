import type { Call } from '../middlewares/endpoint.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { datasetOperations } from '../schemas/dataset.schema.js';
import type { Upload, UploadOutcome, UploadService } from '../services/upload.service.js';
import type { UserService } from '../services/user.service.js';
import { presentQuote } from './quote.presenter.js';
import { presentImages, presentVideos } from './upload.presenter.js';

type Operations = typeof datasetOperations;

type AddCall = Call<Operations['addVideos']> | Call<Operations['addImages']>;

/** HTTP handlers of uploads. */
export class UploadController {
  readonly #uploads: Pick<UploadService, 'add' | 'quote'>;
  readonly #users: Pick<UserService, 'balance'>;

  constructor(uploads: Pick<UploadService, 'add' | 'quote'>, users: Pick<UserService, 'balance'>) {
    this.#uploads = uploads;
    this.#users = users;
  }

  readonly addVideos = (call: Call<Operations['addVideos']>): Promise<Reply> =>
    this.#add(call, 'videos', presentVideos);

  readonly addImages = (call: Call<Operations['addImages']>): Promise<Reply> =>
    this.#add(call, 'images', presentImages);

  async #add(
    call: AddCall,
    kind: 'videos' | 'images',
    present: typeof presentVideos | typeof presentImages,
  ): Promise<Reply> {
    const { principal, params, query, body, receipt, reservation } = call;
    const form = { name: body.name, isArchive: body.type === 'zip', file: call.file('content') };
    const upload: Upload = {
      principal,
      datasetId: params.id,
      title: body.name,
      reservation,
      receivedBytes: form.file.bytes,
      signal: whileConnected(call.response),
      content: { kind, form },
    };
    if (query.dryRun) {
      const quote = await this.#uploads.quote(upload);
      const { files } = quote;
      const quoted = presentQuote(quote, await this.#users.balance(principal.userId));
      return ok({ ...quoted, ...(files.length > 0 && { files }) });
    }
    const answer = new IdempotentReply(receipt, (outcome: UploadOutcome) =>
      created(present(body.name, outcome), `/api/dataset/${params.id}`),
    );
    return answer.of(await this.#uploads.add(upload, answer.record));
  }
}
