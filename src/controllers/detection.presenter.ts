import type { ImageDetections } from '../domain/network.js';
import type { ImageOutcome, RequestOutcome } from '../services/image-request.service.js';
import {
  presentAnswer,
  presentBatchFacts,
  presentEntry,
  type AnsweredRequest,
} from './image-answer.presenter.js';

/** The objects detected in one image. */
export function presentDetection(outcome: RequestOutcome<ImageDetections>, request: AnsweredRequest) {
  const { detections } = outcome.answer;
  return { ...presentAnswer(outcome, request), detections, results: { detections } };
}

/** All images of a batch, each with its objects or its own error. */
export function presentDetections(
  outcome: RequestOutcome<readonly ImageOutcome<ImageDetections>[]>,
  request: AnsweredRequest,
) {
  const results = outcome.answer.map((entry, index) => ({
    ...presentEntry(entry, index, request),
    detections: entry.ok ? entry.answer.detections : [],
  }));
  return {
    ...presentBatchFacts(outcome, request, results),
    detections: results.map(({ detections }) => detections),
    results,
  };
}
