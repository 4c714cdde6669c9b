import type { Classification, ClassPrediction } from '../domain/network.js';
import type { ImageOutcome, RequestOutcome } from '../services/image-request.service.js';
import {
  presentAnswer,
  presentBatchFacts,
  presentEntry,
  type AnsweredRequest,
} from './image-answer.presenter.js';

function presentPredictions(predictions: readonly ClassPrediction[]) {
  return predictions.map(({ label, index, probability }) => ({
    label,
    index,
    confidence: probability,
    probability,
  }));
}

/** Confidence measures of a classification, under the field names of the classification engine. */
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

/** The classes of an image, with the field names of both versions of the compatibility route. */
export function presentClassification(outcome: RequestOutcome<Classification>, request: AnsweredRequest) {
  const { answer } = outcome;
  const predictions = presentPredictions(answer.predictions);
  const metrics = presentMetrics(answer);
  return {
    ...presentAnswer(outcome, request),
    predictions,
    metrics,
    results: { predictions, metrics, ...(answer.scores && { scores: answer.scores }) },
  };
}

/** All images of a batch, each with its classes or its own error. */
export function presentClassifications(
  outcome: RequestOutcome<readonly ImageOutcome<Classification>[]>,
  request: AnsweredRequest,
) {
  const results = outcome.answer.map((entry, index) => ({
    ...presentEntry(entry, index, request),
    predictions: entry.ok ? presentPredictions(entry.answer.predictions) : [],
    metrics: entry.ok ? presentMetrics(entry.answer) : null,
    ...(entry.ok && entry.answer.scores && { scores: entry.answer.scores }),
  }));
  return {
    ...presentBatchFacts(outcome, request, results),
    predictions: results.map(({ predictions }) => predictions),
    results,
  };
}
