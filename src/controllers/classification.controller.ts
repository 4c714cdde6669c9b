import type { Quote } from '../domain/money.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import { validationFailed } from '../errors/common-errors.js';
import { extractedValuesOf } from '../middlewares/body/extracted-values.js';
import type { Call } from '../middlewares/endpoint.js';
import { disconnectSignal } from '../middlewares/disconnect-signal.js';
import { IdempotentReply } from '../middlewares/idempotent-reply.js';
import { ok, type Reply } from '../middlewares/reply.js';
import { CLASSIFICATION_DEFAULTS, type classificationOperations } from '../schemas/classification.schema.js';
import type { ClassificationService } from '../services/classification.service.js';
import type { DetectionService } from '../services/detection.service.js';
import type { ImageRequest, ImageOutcome, RequestOutcome } from '../services/image-request.service.js';
import type { UserService } from '../services/user.service.js';
import {
  withPointer,
  readFormImage,
  readInput,
  readInputs,
  requireImage,
  type ClassifyInput,
  type ReadInput,
} from './classification-input.js';
import { presentClassification, presentClassifications } from './classification.presenter.js';
import { presentDetection, presentDetections } from './detection.presenter.js';
import type { AnsweredRequest } from './image-answer.presenter.js';
import { presentQuote } from './quote.presenter.js';

type Operations = typeof classificationOperations;
type AnyCall = Call<Operations['execute']> | Call<Operations['batch']>;
type Service<Input, Options, Answer> = {
  quote(request: Pick<ImageRequest<Options>, 'network' | 'principal'>, images: number): Promise<Quote>;
  execute(
    request: ImageRequest<Options>,
    input: Input,
    kept?: IdempotentReply<RequestOutcome<Answer>>['record'],
  ): Promise<RequestOutcome<Answer>>;
  batch(
    request: ImageRequest<Options>,
    inputs: readonly (Input | AppError)[],
    kept?: IdempotentReply<RequestOutcome<readonly ImageOutcome<Answer>[]>>['record'],
  ): Promise<RequestOutcome<readonly ImageOutcome<Answer>[]>>;
};

/** How requests with one `model_type` are handled. */
interface ModelTypeRoute<Input, Options, Answer> {
  readonly service: Service<Input, Options, Answer>;
  readonly options: Options;
  /** Rejects inputs that this type of model does not support. */
  accept(read: ReadInput<ClassifyInput | AppError>): ReadInput<Input | AppError>;
  present(outcome: RequestOutcome<Answer>, request: AnsweredRequest): object;
  presentBatch(outcome: RequestOutcome<readonly ImageOutcome<Answer>[]>, request: AnsweredRequest): object;
}

/** Dependencies of {@link ClassificationController}. */
export interface ClassificationControllerDeps {
  readonly classification: Pick<ClassificationService, 'execute' | 'batch' | 'quote'>;
  readonly detection: Pick<DetectionService, 'execute' | 'batch' | 'quote'>;
  readonly users: Pick<UserService, 'balance'>;
}

/** HTTP handlers of synchronous classification and detection. */
export class ClassificationController {
  readonly #deps: ClassificationControllerDeps;

  constructor(deps: ClassificationControllerDeps) {
    this.#deps = deps;
  }

  readonly execute = (call: Call<Operations['execute']>): Promise<Reply> =>
    call.body.model_type === 'object_detection'
      ? this.#executeBy(this.#detection(call), call)
      : this.#executeBy(this.#classification(call), call);

  readonly batch = (call: Call<Operations['batch']>): Promise<Reply> =>
    call.body.model_type === 'object_detection'
      ? this.#batchBy(this.#detection(call), call)
      : this.#batchBy(this.#classification(call), call);

  #classification({ body }: AnyCall) {
    const { top_k, threshold, all_classes, scores } = { ...CLASSIFICATION_DEFAULTS, ...body.options };
    return {
      service: this.#deps.classification,
      options: { topK: top_k, threshold, allClasses: all_classes, scores },
      accept: (read: ReadInput<ClassifyInput | AppError>) => read,
      present: presentClassification,
      presentBatch: presentClassifications,
    };
  }

  #detection({ body }: AnyCall) {
    const { threshold, max_detections: maxDetections, labels } = body.options ?? {};
    return {
      service: this.#deps.detection,
      options: { threshold, maxDetections, labels },
      accept: requireImage,
      present: presentDetection,
      presentBatch: presentDetections,
    };
  }

  async #executeBy<Input, Options, Answer>(
    { service, options, accept, present }: ModelTypeRoute<Input, Options, Answer>,
    call: Call<Operations['execute']>,
  ): Promise<Reply> {
    const { input, format, pointer } = accept(this.#onlyInput(call));
    if (input instanceof AppError) throw input;
    const { query, principal } = call;
    const request = requestOf(call, options);
    if (query.dryRun) return this.#quote(principal, await service.quote(request, 1));
    const answered = answeredBy(call, [{ format, pointer }]);
    const answer = new IdempotentReply(call.receipt, (result: RequestOutcome<Answer>) =>
      ok(present(result, answered)),
    );
    const outcome = await service.execute(request, input, answer.record).catch((error: unknown) => {
      throw withPointer(error, pointer);
    });
    return answer.of(outcome);
  }

  async #batchBy<Input, Options, Answer>(
    { service, options, accept, presentBatch }: ModelTypeRoute<Input, Options, Answer>,
    call: Call<Operations['batch']>,
  ): Promise<Reply> {
    const entries = (await this.#allInputs(call)).map(accept);
    extractedValuesOf(call.request)?.clear();
    const { query, principal } = call;
    const request = requestOf(call, options);
    if (query.dryRun) return this.#quote(principal, await service.quote(request, entries.length));
    const answered = answeredBy(call, entries);
    const inputs = entries.map(({ input }) => input);
    const answer = new IdempotentReply(
      call.receipt,
      (result: RequestOutcome<readonly ImageOutcome<Answer>[]>) => ok(presentBatch(result, answered)),
    );
    return answer.of(await service.batch(request, inputs, answer.record));
  }

  #onlyInput({ body, images, request }: Call<Operations['execute']>): ReadInput {
    const given = [body.input, body.input_data, ...images].filter((entry) => entry !== undefined);
    if (given.length !== 1) throw oneInput('/input', 'input, input_data or a file of the form');
    if (body.input) return readInput(body.input, '/input', extractedValuesOf(request));
    if (body.input_data) return readInput(body.input_data, '/input_data', extractedValuesOf(request));
    const { input, ...place } = readFormImage(images[0]);
    if (input instanceof AppError) throw input;
    return { input, ...place };
  }

  async #allInputs({
    body,
    images,
    request,
  }: Call<Operations['batch']>): Promise<readonly ReadInput<ClassifyInput | AppError>[]> {
    const files = images.length > 0 ? images : undefined;
    const given = [body.inputs, body.input_data_list, files].filter((entry) => entry !== undefined);
    if (given.length !== 1) throw oneInput('/inputs', 'inputs, input_data_list or files of the form');
    const extracted = extractedValuesOf(request);
    if (body.inputs) return readInputs('inputs', body.inputs, extracted);
    if (body.input_data_list) return readInputs('input_data_list', body.input_data_list, extracted);
    return images.map(readFormImage);
  }

  async #quote(principal: Principal, quote: Quote): Promise<Reply> {
    return ok(presentQuote(quote, await this.#deps.users.balance(principal.userId)));
  }
}

const requestOf = <Options>(
  { principal, body, response }: AnyCall,
  options: Options,
): ImageRequest<Options> => ({
  principal,
  network: { id: body.model_id, version: body.version },
  options,
  signal: disconnectSignal(response),
  timeoutMs: body.options?.timeout,
});

const answeredBy = ({ body }: AnyCall, inputs: AnsweredRequest['inputs']): AnsweredRequest => ({
  modelId: body.model_id,
  modelType: body.model_type,
  // Only these two fields are kept, so that the image can be garbage collected before the answer is sent.
  inputs: inputs.map(({ format, pointer }) => ({ format, pointer })),
});

const oneInput = (pointer: string, choices: string): AppError =>
  validationFailed([{ pointer, message: `give exactly one of ${choices}`, code: 'REQUIRED' }]);
