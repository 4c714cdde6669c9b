import { toCredits } from '../domain/money.js';
import type { AnsweringNetwork, Classification, ClassPrediction } from '../domain/network.js';
import type { ClassifyOutcome, ImageOutcome } from '../services/classification.service.js';

/** What the answer says of the request. */
export interface AnsweredRequest {
  readonly modelId: string;
  /** What came, one for each image of a batch. */
  readonly inputs: readonly AnsweredInput[];
}

interface AnsweredInput {
  /** Word for the input's format. */
  readonly format: string;
  /** Where its content stood in the request. */
  readonly pointer: string;
}

const MODEL_TYPE = 'image_classification';

const rounded = (ms: number): number => Math.round(ms * 100) / 100;

function presentPredictions(predictions: readonly ClassPrediction[]) {
  return predictions.map(({ label, index, probability }) => ({
    label,
    index,
    confidence: probability,
    probability,
  }));
}

/** How sure the network is; the words are the engine's own. */
function presentMetrics({ predictions, entropy, margin, classes }: Classification) {
  if (predictions.length === 0) return null;
  const sum = predictions.reduce((total, { probability }) => total + probability, 0);
  const uncertainty = entropy > 2 ? 'high' : entropy > 1 ? 'medium' : 'low';
  return {
    topConfidence: predictions[0].probability,
    avgConfidence: sum / predictions.length,
    entropy,
    margin,
    uncertainty,
    classes,
  };
}

function presentImage({ image }: Classification) {
  if (!image) return null;
  const { width, height, format } = image;
  return { width, height, format };
}

function presentStages({ timings, batchSize }: Classification) {
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

/** One image's classes in the words of both editions of the engine. */
export function presentClassification(
  { answer, cost, network, totalMs }: ClassifyOutcome<Classification>,
  { modelId, inputs }: AnsweredRequest,
) {
  const predictions = presentPredictions(answer.predictions);
  const metrics = presentMetrics(answer);
  const stages = presentStages(answer);
  return {
    success: true,
    model_id: modelId,
    execution_mode: 'sync',
    predictions,
    metrics,
    execution_time_ms: rounded(totalMs),
    inference_time_ms: stages.inference_time_ms,
    results: { predictions, metrics, ...(answer.scores && { scores: answer.scores }) },
    performance: {
      total_time_ms: rounded(totalMs),
      preprocessing_time_ms: rounded(totalMs - answer.timings.inferenceMs),
      ...stages,
    },
    metadata: {
      input_format: inputs[0].format,
      model_type: MODEL_TYPE,
      ...presentNetwork(network),
      image: presentImage(answer),
      timestamp: new Date().toISOString(),
    },
    warnings: answer.image?.warnings ?? [],
    cost: toCredits(cost.total),
  };
}

/** All images of a batch, each with its classes or its own error. */
export function presentBatch(
  { answer, cost, network, totalMs }: ClassifyOutcome<readonly ImageOutcome[]>,
  { modelId, inputs }: AnsweredRequest,
) {
  const results = answer.map((outcome, index) => presentEntry(outcome, index, inputs[index]));
  const good = results.filter(({ success }) => success).length;
  const inferenceMs = results.reduce((sum, { inference_time_ms: ms }) => sum + (ms ?? 0), 0);
  const { device, model_version } = presentNetwork(network);
  return {
    success: good === results.length,
    model_id: modelId,
    execution_mode: 'sync',
    predictions: results.map(({ predictions }) => predictions),
    results,
    batch_size: results.length,
    total_time_ms: rounded(totalMs),
    avg_time_ms: rounded(totalMs / results.length),
    performance: {
      total_time_ms: rounded(totalMs),
      batch_size: results.length,
      avg_time_per_item_ms: rounded(totalMs / results.length),
      inference_time_ms: rounded(inferenceMs),
    },
    metadata: {
      successful_count: good,
      failed_count: results.length - good,
      model_type: MODEL_TYPE,
      model_version,
      device,
      timestamp: new Date().toISOString(),
    },
    cost: toCredits(cost.total),
  };
}

function presentEntry(outcome: ImageOutcome, index: number, { format, pointer }: AnsweredInput) {
  if (!outcome.ok) {
    const { code, message, issues } = outcome.error;
    return {
      index,
      success: false,
      format,
      predictions: [],
      metrics: null,
      inference_time_ms: null,
      performance: null,
      warnings: [],
      error: { code, message, pointer: issues[0]?.pointer ?? pointer },
    };
  }
  const { classification } = outcome;
  const performance = presentStages(classification);
  return {
    index,
    success: true,
    format,
    predictions: presentPredictions(classification.predictions),
    metrics: presentMetrics(classification),
    inference_time_ms: performance.inference_time_ms,
    performance,
    warnings: classification.image?.warnings ?? [],
    ...(classification.scores && { scores: classification.scores }),
    error: null,
  };
}
