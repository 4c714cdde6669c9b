import type { Quote } from '../domain/money.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import type { Call } from '../middlewares/endpoint.js';
import { ok, type Reply } from '../middlewares/reply.js';
import type { classificationOperations } from '../schemas/classification.schema.js';
import type {
  ClassificationService,
  ClassifyInput,
  ClassifyRequest,
} from '../services/classification.service.js';
import type { UserService } from '../services/user.service.js';
import { readInput, readInputs } from './classification-input.js';
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
    const { body, query, principal, receipt } = call;
    const { input, format } = this.onlyInput(call);
    const network = { id: body.model_id, version: body.version };
    if (query.dryRun) return this.quote(principal, await this.classification.quote(network, 1));
    const answered = { modelId: body.model_id, formats: [format] };
    const outcome = await this.classification.execute(this.request(call), input, (scope, result) =>
      receipt.record(scope, ok(presentClassification(result, answered))),
    );
    return ok(presentClassification(outcome, answered));
  };

  readonly batch = async (call: Call<Operations['batch']>): Promise<Reply> => {
    const { body, query, principal, receipt } = call;
    const entries = this.allInputs(call);
    const network = { id: body.model_id, version: body.version };
    if (query.dryRun) return this.quote(principal, await this.classification.quote(network, entries.length));
    const answered = { modelId: body.model_id, formats: entries.map(({ format }) => format) };
    const inputs = entries.map(({ input }) => input);
    const outcome = await this.classification.batch(this.request(call), inputs, (scope, result) =>
      receipt.record(scope, ok(presentBatch(result, answered))),
    );
    return ok(presentBatch(outcome, answered));
  };

  private request({
    principal,
    body,
    response,
  }: Pick<Call<Operations['execute']>, 'principal' | 'response'> & {
    readonly body: { readonly model_id: string; readonly version?: string; readonly options: Options };
  }): ClassifyRequest {
    const abort = new AbortController();
    // Computing for a client who is gone would only keep others waiting.
    response.once('close', () => {
      if (!response.writableFinished) abort.abort(clientGone());
    });
    const { top_k, threshold, all_classes, scores, timeout } = body.options;
    return {
      principal,
      network: { id: body.model_id, version: body.version },
      options: { topK: top_k, threshold, allClasses: all_classes, scores },
      signal: abort.signal,
      timeoutMs: timeout,
    };
  }

  private onlyInput({ body, pictures }: Call<Operations['execute']>) {
    const given = [body.input, body.input_data, ...pictures].filter((entry) => entry !== undefined);
    if (given.length !== 1) throw oneInput('/input', 'input, input_data or a file of the form');
    if (body.input) return readInput(body.input, '/input');
    if (body.input_data) return readInput(body.input_data, '/input_data');
    return fromForm(pictures[0]);
  }

  private allInputs({
    body,
    pictures,
  }: Call<Operations['batch']>): readonly { format: string; input: ClassifyInput | AppError }[] {
    const files = pictures.length > 0 ? pictures : undefined;
    const given = [body.inputs, body.input_data_list, files].filter((entry) => entry !== undefined);
    if (given.length !== 1) throw oneInput('/inputs', 'inputs, input_data_list or files of the form');
    if (body.inputs) return readInputs(body.inputs, '/inputs');
    if (body.input_data_list) return readInputs(body.input_data_list, '/input_data_list');
    return pictures.map(fromForm);
  }

  private async quote(principal: Principal, quote: Quote): Promise<Reply> {
    return ok(presentQuote(quote, await this.users.balance(principal.userId)));
  }
}

const fromForm = (bytes: Uint8Array) => ({
  format: 'form',
  input: { kind: 'picture', bytes } as const,
});

const oneInput = (pointer: string, choices: string): AppError =>
  validationFailed([{ pointer, message: `give exactly one of ${choices}`, code: 'REQUIRED' }]);

const clientGone = (): AppError =>
  new AppError({ code: 'CLIENT_GONE', kind: 'malformed', message: 'The client has gone.' });
