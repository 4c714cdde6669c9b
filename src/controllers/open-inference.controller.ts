import type { Response } from 'express';
import type { NetworkRef } from '../domain/network.js';
import type { Call } from '../middlewares/endpoint.js';
import { payloadOf } from '../middlewares/body/framed-body.js';
import { disconnectSignal } from '../middlewares/disconnect-signal.js';
import { HANDLED, ok, type Reply } from '../middlewares/reply.js';
import type { openInferenceOperations } from '../schemas/open-inference.schema.js';
import type { HealthService } from '../services/health.service.js';
import type { OpenInferenceService } from '../services/open-inference.service.js';
import {
  presentAnswer,
  presentModel,
  rowsOf,
  wantedOutputs,
  type FramedAnswer,
} from './open-inference.presenter.js';
import { encodeFramedBody } from '../protocols/open-inference/encode-framed-body.js';
import { tensorsOf, type TensorTextReader } from '../protocols/open-inference/tensors.js';

type Operations = typeof openInferenceOperations;
type InferCall = Call<Operations['infer']> | Call<Operations['inferVersion']>;
type ModelCall = Call<Operations['model']> | Call<Operations['modelVersion']>;
type ReadyCall = Call<Operations['modelReady']> | Call<Operations['modelVersionReady']>;

/** Dependencies of {@link OpenInferenceController}. */
export interface OpenInferenceControllerDeps {
  readonly inference: OpenInferenceService;
  readonly health: Pick<HealthService, 'readiness'>;
  readonly version: string;
  readonly texts: TensorTextReader;
}

const EXTENSIONS = ['binary_tensor_data', 'model_repository'];
const EMPTY: Reply = { status: 200 };

const refOf = (params: { readonly name: string; readonly version?: string }): NetworkRef => ({
  id: params.name,
  version: params.version,
});

/** HTTP handlers of the Open Inference protocol, version 2. */
export class OpenInferenceController {
  readonly #deps: OpenInferenceControllerDeps;

  constructor(deps: OpenInferenceControllerDeps) {
    this.#deps = deps;
  }

  readonly server = async (): Promise<Reply> =>
    ok({ name: 'infernode', version: this.#deps.version, extensions: EXTENSIONS });

  readonly live = async (): Promise<Reply> => EMPTY;

  readonly ready = async (): Promise<Reply> => {
    const { ready } = await this.#deps.health.readiness();
    return { status: ready ? 200 : 503 };
  };

  readonly model = async ({ params, principal }: ModelCall): Promise<Reply> => {
    const { network, versions } = await this.#deps.inference.describe(refOf(params), principal);
    return ok(presentModel(network, versions));
  };

  readonly modelReady = async ({ params, principal }: ReadyCall): Promise<Reply> => {
    await this.#deps.inference.requireReady(refOf(params), principal);
    return EMPTY;
  };

  readonly infer = async (call: InferCall): Promise<Reply | typeof HANDLED> => {
    const { params, body, principal, request, response } = call;
    const feeds = await tensorsOf(body.inputs, payloadOf(request), this.#deps.texts);
    const timeout = body.parameters?.timeout;
    const inference = {
      ...refOf(params),
      user: principal,
      feeds,
      outputs: wantedOutputs(body),
      rows: rowsOf(feeds[body.inputs[0].name]),
      timeoutMs: timeout === undefined ? undefined : Math.max(1, timeout / 1000),
      signal: disconnectSignal(response),
    };
    const framed = await this.#deps.inference.infer(inference, (answer) => presentAnswer(body, answer));
    if (framed.binary.length === 0) return ok(framed.json);
    sendFramed(response, framed);
    return HANDLED;
  };

  readonly index = async ({ body, principal }: Call<Operations['index']>): Promise<Reply> => {
    const all = await this.#deps.inference.index(principal);
    const wanted = body?.ready ? all.filter(({ loaded }) => loaded !== null) : all;
    return ok(
      wanted.map(({ installed: { id, version, problem }, loaded }) => ({
        name: id,
        version,
        state: loaded ? 'READY' : 'UNAVAILABLE',
        reason: problem?.message ?? (loaded ? '' : 'unloaded'),
      })),
    );
  };

  readonly load = async ({ params }: Call<Operations['load']>): Promise<Reply> => {
    await this.#deps.inference.load(refOf(params));
    return EMPTY;
  };

  readonly unload = async ({ params }: Call<Operations['unload']>): Promise<Reply> => {
    await this.#deps.inference.unload(refOf(params));
    return EMPTY;
  };
}

function sendFramed(response: Response, { json, binary }: FramedAnswer): void {
  const { headers, body } = encodeFramedBody(json, binary);
  response
    .status(200)
    .set({ 'Cache-Control': 'no-store', ...headers })
    .send(body);
}
