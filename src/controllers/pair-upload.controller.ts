import { validationFailed } from '../errors/common-errors.js';
import type { Call } from '../middlewares/endpoint.js';
import type { ReceivedFile } from '../middlewares/multipart.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { created, ok, whileConnected, type Reply } from '../middlewares/reply.js';
import type { namedDatasetOperations } from '../schemas/named-dataset.schema.js';
import type { DatasetService } from '../services/dataset.service.js';
import type { GivenMask, NamedFile } from '../services/upload-masks.js';
import type { PairForm } from '../services/upload-pairs.js';
import type { Upload, UploadOutcome, UploadService } from '../services/upload.service.js';
import type { UserService } from '../services/user.service.js';
import { presentQuote } from './quote.presenter.js';
import { presentPairs } from './upload.presenter.js';

type AddData = (typeof namedDatasetOperations)['addData'];
type MaskText = NonNullable<Call<AddData>['body']['mask']>;

/** The file with a name for display; control and invisible characters are removed from it. */
function named({ path, bytes, sha256, originalName }: ReceivedFile, fallback: string): NamedFile {
  const shown = originalName.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, '').trim();
  return { path, bytes, sha256, name: shown === '' ? fallback : shown };
}

/** The mask of a form: a file, or what its text says. @throws AppError VALIDATION for both */
function givenMask(text: MaskText | undefined, file: ReceivedFile | undefined): GivenMask | undefined {
  if (file && text !== undefined)
    throw validationFailed([
      { pointer: '/mask', message: 'send a file or a text, not both', code: 'INVALID' },
    ]);
  if (file) return { kind: 'file', file: named(file, 'mask') };
  if (text === undefined) return undefined;
  return text === 'alpha' ? { kind: 'alpha' } : { kind: 'shapes', shapes: text };
}

/** Title for the ledger. */
const titleOf = ([first, ...others]: readonly NamedFile[]): string =>
  others.length === 0
    ? first.name.slice(0, 200)
    : `${first.name.slice(0, 180)} and ${String(others.length)} more`;

/** HTTP handlers of uploads of image and mask pairs. */
export class PairUploadController {
  readonly #uploads: Pick<UploadService, 'add' | 'quote'>;
  readonly #datasets: Pick<DatasetService, 'getByName'>;
  readonly #users: Pick<UserService, 'balance'>;

  constructor(
    uploads: Pick<UploadService, 'add' | 'quote'>,
    datasets: Pick<DatasetService, 'getByName'>,
    users: Pick<UserService, 'balance'>,
  ) {
    this.#uploads = uploads;
    this.#datasets = datasets;
    this.#users = users;
  }

  readonly add = async (call: Call<AddData>): Promise<Reply> => {
    const { principal, query, receipt } = call;
    const upload = await this.#uploadOf(call);
    if (query.dryRun) {
      const quote = await this.#uploads.quote(upload);
      const { files } = quote;
      return ok({ ...presentQuote(quote, await this.#users.balance(principal.userId)), files });
    }
    const location = `/api/datasets/${encodeURIComponent(call.body.datasetName)}/data`;
    const answer = new IdempotentReply(receipt, (outcome: UploadOutcome) =>
      created(presentPairs(outcome), location),
    );
    return answer.of(await this.#uploads.add(upload, answer.record));
  };

  async #uploadOf(call: Call<AddData>): Promise<Upload> {
    const { principal, body, response, reservation } = call;
    const images = call.files('image').map((file) => named(file, 'image'));
    const maskFile = call.optionalFile('mask');
    const mask = givenMask(body.mask, maskFile);
    const { dataset } = await this.#datasets.getByName(principal, body.datasetName);
    const form: PairForm = {
      images,
      ...(mask && { mask }),
      fits: body.maskFit === 'scale',
      strict: body.strict ?? false,
      fps: body.fps,
    };
    return {
      principal,
      datasetId: dataset.id,
      title: titleOf(images),
      reservation,
      receivedBytes: images.reduce((sum, { bytes }) => sum + bytes, maskFile?.bytes ?? 0),
      signal: whileConnected(response),
      content: { kind: 'pairs', form },
    };
  }
}
