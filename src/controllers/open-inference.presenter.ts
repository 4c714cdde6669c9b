import type { LoadedNetwork } from '../domain/network.js';
import type { Tensor, TensorInfo } from '../domain/tensor.js';
import { invalidField } from '../errors/common-errors.js';
import type { OpenInferenceRequest } from '../schemas/open-inference.schema.js';
import type { InferenceAnswer } from '../services/open-inference.service.js';
import { datatypeOf, toBytes, toJsonData } from '../protocols/open-inference/tensors.js';

const presentTensor = ({ name, dtype, dims }: TensorInfo) => ({
  name,
  datatype: datatypeOf(dtype),
  shape: dims.map((dim) => (typeof dim === 'number' ? dim : -1)),
});

/** Input and output tensors of a network. */
export const presentModel = ({ id, inputs, outputs }: LoadedNetwork, versions: readonly string[]) => ({
  name: id,
  versions,
  platform: 'onnxruntime_onnx',
  inputs: inputs.map(presentTensor),
  outputs: outputs.map(presentTensor),
});

/** An answer: its JSON and the binary tensors that follow it, if any. */
export interface FramedAnswer {
  readonly json: object;
  readonly binary: readonly Uint8Array[];
}

/** The outputs in the requested order, each as JSON or binary data as requested. */
export function presentAnswer(request: OpenInferenceRequest, answer: InferenceAnswer): FramedAnswer {
  const binary: Uint8Array[] = [];
  const names = listedOutputs(request)?.map(({ name }) => name) ?? Object.keys(answer.outputs);
  const outputs = names.map((name, index) => {
    const tensor = answer.outputs[name];
    const head = { name, datatype: datatypeOf(tensor.dtype), shape: tensor.dims };
    if (!wantsBinary(request, index)) return { ...head, data: toJsonData(name, tensor) };
    binary.push(toBytes(tensor));
    return { ...head, parameters: { binary_data_size: tensor.data.byteLength } };
  });
  const { id, version } = answer.network;
  const echoed = request.id === undefined ? {} : { id: request.id };
  return { json: { model_name: id, model_version: version, ...echoed, outputs }, binary };
}

function wantsBinary(request: OpenInferenceRequest, index: number): boolean {
  const own = listedOutputs(request)?.[index].parameters?.binary_data;
  return own ?? request.parameters?.binary_data_output ?? false;
}

/**
 * An empty list requests all outputs, like a missing one, because some generated clients send an empty list
 * by default.
 */
const listedOutputs = ({ outputs }: OpenInferenceRequest): OpenInferenceRequest['outputs'] =>
  outputs?.length === 0 ? undefined : outputs;

/**
 * Names of the requested outputs; undefined for all.
 * @throws AppError `CLASSIFICATION_UNSUPPORTED` for Triton's classification extension; `POST
 *   /api/inference/execute` returns labels
 */
export function wantedOutputs(request: OpenInferenceRequest): readonly string[] | undefined {
  const outputs = listedOutputs(request);
  outputs?.forEach(({ parameters }, index) => {
    if ((parameters?.classification ?? 0) > 0) {
      const message =
        'outputs: the classification extension is not supported; use POST /api/inference/execute for labels.';
      throw invalidField(
        `/outputs/${index}/parameters/classification`,
        'CLASSIFICATION_UNSUPPORTED',
        message,
      );
    }
  });
  const names = outputs?.map(({ name }) => name);
  const twice = names?.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalidField('/outputs', 'OUTPUT_TWICE', `outputs: ${twice} is requested twice.`);
  return names;
}

/** Number of rows of a batch: the first dimension, or 1 for tensors with fewer than two. */
export const rowsOf = ({ dims }: Tensor): number => (dims.length > 1 ? dims[0] : 1);
