import { toCredits } from '../domain/money.js';
import type { AnsweringNetwork, Classification } from '../domain/network.js';
import type { ImageOutcome, RequestOutcome } from '../services/image-request.service.js';

/** Facts about the request that the answer repeats. */
export interface AnsweredRequest {
  readonly modelId: string;
  readonly modelType: string;
  /** The inputs, one per image of a batch. */
  readonly inputs: readonly AnsweredInput[];
}

interface AnsweredInput {
  /** Format name of the input. */
  readonly format: string;
  /** JSON pointer to its content in the request. */
  readonly pointer: string;
}

/** Fields common to the answers of all networks. */
type AnyAnswer = Pick<Classification, 'network' | 'image' | 'timings' | 'batchSize'>;

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

function presentImage({ image }: AnyAnswer) {
  if (!image) return null;
  const { width, height, format } = image;
  return { width, height, format };
}

function presentStages({ timings, batchSize }: AnyAnswer) {
  return {
    queue_time_ms: rounded(timings.queueMs),
    decode_time_ms: rounded(timings.decodeMs),
    preprocess_time_ms: rounded(timings.preprocessMs),
    inference_time_ms: rounded(timings.inferenceMs),
    postprocess_time_ms: rounded(timings.postprocessMs),
    batch_size: batchSize,
  };
}

function presentNetwork(network: AnsweringNetwork | null) {
  if (!network) return { model_version: null, model_sha256: null, device: null };
  const { requested, used, reason } = network.device;
  return {
    model_version: network.version,
    model_sha256: network.sha256,
    device: { requested, used, reason },
  };
}

/** The answer about one image, without the network's predictions. */
export function presentAnswer(
  { answer, cost, network, totalMs }: RequestOutcome<AnyAnswer>,
  { modelId, modelType, inputs }: AnsweredRequest,
) {
  const stages = presentStages(answer);
  return {
    success: true,
    model_id: modelId,
    execution_mode: 'sync',
    execution_time_ms: rounded(totalMs),
    inference_time_ms: stages.inference_time_ms,
    performance: {
      total_time_ms: rounded(totalMs),
      preprocessing_time_ms: rounded(totalMs - answer.timings.inferenceMs),
      ...stages,
    },
    metadata: {
      input_format: inputs[0].format,
      model_type: modelType,
      ...presentNetwork(network),
      image: presentImage(answer),
      timestamp: new Date().toISOString(),
    },
    warnings: answer.image?.warnings ?? [],
    cost: toCredits(cost.total),
  };
}

/** The entry of one image in a batch, without the network's predictions. */
export function presentEntry(
  outcome: ImageOutcome<AnyAnswer>,
  index: number,
  { inputs }: Pick<AnsweredRequest, 'inputs'>,
) {
  const { format, pointer } = inputs[index];
  if (!outcome.ok) {
    const { code, message, issues } = outcome.error;
    return {
      index,
      success: false,
      format,
      inference_time_ms: null,
      performance: null,
      warnings: [],
      error: { code, message, pointer: issues[0]?.pointer ?? pointer },
    };
  }
  const performance = presentStages(outcome.answer);
  return {
    index,
    success: true,
    format,
    inference_time_ms: performance.inference_time_ms,
    performance,
    warnings: outcome.answer.image?.warnings ?? [],
    error: null,
  };
}

/** The answer about a batch, without the network's predictions. */
export function presentBatchFacts(
  { cost, network, totalMs }: Omit<RequestOutcome<unknown>, 'answer'>,
  { modelId, modelType }: AnsweredRequest,
  entries: readonly { readonly success: boolean; readonly inference_time_ms: number | null }[],
) {
  const good = entries.filter(({ success }) => success).length;
  const inferenceMs = entries.reduce((sum, { inference_time_ms: ms }) => sum + (ms ?? 0), 0);
  const { device, model_version } = presentNetwork(network);
  return {
    success: good === entries.length,
    model_id: modelId,
    execution_mode: 'sync',
    batch_size: entries.length,
    total_time_ms: rounded(totalMs),
    avg_time_ms: rounded(totalMs / entries.length),
    performance: {
      total_time_ms: rounded(totalMs),
      batch_size: entries.length,
      avg_time_per_item_ms: rounded(totalMs / entries.length),
      inference_time_ms: rounded(inferenceMs),
    },
    metadata: {
      successful_count: good,
      failed_count: entries.length - good,
      model_type: modelType,
      model_version,
      device,
      timestamp: new Date().toISOString(),
    },
    cost: toCredits(cost.total),
  };
}
