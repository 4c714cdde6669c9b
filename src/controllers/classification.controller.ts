import type { Quote } from '../domain/money.js';
import type { Classification } from '../domain/network.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { asidesOf } from '../middlewares/body/body-asides.js';
import type { Call } from '../middlewares/endpoint.js';
import { disconnectSignal } from '../middlewares/disconnect-signal.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { classificationOperations } from '../schemas/classification.schema.js';
import type {
  ClassificationService,
  ClassifyInput,
  ClassifyOutcome,
  ClassifyRequest,
  ImageOutcome,
} from '../services/classification.service.js';
import type { UserService } from '../services/user.service.js';
import { placedError, readFormImage, readInput, readInputs, type ReadInput } from './classification-input.js';
import { presentBatch, presentClassification } from './classification.presenter.js';
import { presentQuote } from './quote.presenter.js';

type Operations = typeof classificationOperations;
type Options = Call<Operations['execute']>['body']['options'];

/** HTTP side of classification while the caller waits. */
export class ClassificationController {
  constructor(
    private readonly classification: Pick<ClassificationService, 'execute' | 'batch' | 'quote'>,
    private readonly users: Pick<UserService, 'balance'>,
  ) {}

  readonly execute = async (call: Call<Operations['execute']>): Promise<Reply> => {
    const { body, query, principal } = call;
    const { input, format, pointer } = this.onlyInput(call);
    const network = { id: body.model_id, version: body.version };
    if (query.dryRun) return this.quote(principal, await this.classification.quote(network, 1));
    const answered = { modelId: body.model_id, inputs: [{ format, pointer }] };
    const answer = new IdempotentReply(call.receipt, (result: ClassifyOutcome<Classification>) =>
      ok(presentClassification(result, answered)),
    );
    const outcome = await this.classification
      .execute(this.request(call), input, answer.record)
      .catch((error: unknown) => {
        throw placedError(error, pointer);
      });
    return answer.of(outcome);
  };

  readonly batch = async (call: Call<Operations['batch']>): Promise<Reply> => {
    const { body, query, principal } = call;
    const entries = await this.allInputs(call);
    asidesOf(call.request)?.clear();
    const network = { id: body.model_id, version: body.version };
    if (query.dryRun) return this.quote(principal, await this.classification.quote(network, entries.length));
    const answered = {
      modelId: body.model_id,
      inputs: entries.map(({ format, pointer }) => ({ format, pointer })),
    };
    const inputs = entries.map(({ input }) => input);
    const answer = new IdempotentReply(call.receipt, (result: ClassifyOutcome<readonly ImageOutcome[]>) =>
      ok(presentBatch(result, answered)),
    );
    return answer.of(await this.classification.batch(this.request(call), inputs, answer.record));
  };

  private request({
    principal,
    body,
    response,
  }: Pick<Call<Operations['execute']>, 'principal' | 'response'> & {
    readonly body: { readonly model_id: string; readonly version?: string; readonly options: Options };
  }): ClassifyRequest {
    const { top_k, threshold, all_classes, scores, timeout } = body.options;
    return {
      principal,
      network: { id: body.model_id, version: body.version },
      options: { topK: top_k, threshold, allClasses: all_classes, scores },
      signal: disconnectSignal(response),
      timeoutMs: timeout,
    };
  }

  private onlyInput({ body, images, request }: Call<Operations['execute']>): ReadInput {
    const given = [body.input, body.input_data, ...images].filter((entry) => entry !== undefined);
    if (given.length !== 1) throw oneInput('/input', 'input, input_data or a file of the form');
    if (body.input) return readInput(body.input, '/input', asidesOf(request));
    if (body.input_data) return readInput(body.input_data, '/input_data', asidesOf(request));
    const { input, ...place } = readFormImage(images[0]);
    if (input instanceof AppError) throw input;
    return { input, ...place };
  }

  private async allInputs({
    body,
    images,
    request,
  }: Call<Operations['batch']>): Promise<readonly ReadInput<ClassifyInput | AppError>[]> {
    const files = images.length > 0 ? images : undefined;
    const given = [body.inputs, body.input_data_list, files].filter((entry) => entry !== undefined);
    if (given.length !== 1) throw oneInput('/inputs', 'inputs, input_data_list or files of the form');
    const asides = asidesOf(request);
    if (body.inputs) return readInputs('inputs', body.inputs, asides);
    if (body.input_data_list) return readInputs('input_data_list', body.input_data_list, asides);
    return images.map(readFormImage);
  }

  private async quote(principal: Principal, quote: Quote): Promise<Reply> {
    return ok(presentQuote(quote, await this.users.balance(principal.userId)));
  }
}

const oneInput = (pointer: string, choices: string): AppError =>
  validationFailed([{ pointer, message: `give exactly one of ${choices}`, code: 'REQUIRED' }]);
