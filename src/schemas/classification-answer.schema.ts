import { z } from 'zod';
import { batchAnswer, batchEntry, imageAnswer } from './image-answer.schema.js';

const prediction = z.object({
  label: z.string().meta({ example: 'tabby cat' }),
  index: z.number().int(),
  confidence: z.number().meta({ description: 'Same value as `probability`' }),
  probability: z.number(),
});

const metrics = z
  .object({
    topConfidence: z.number(),
    avgConfidence: z.number(),
    entropy: z.number().meta({ description: 'Entropy of all probabilities, in bits' }),
    margin: z.number().meta({ description: 'Highest probability minus the second highest' }),
    uncertainty: z.enum(['low', 'medium', 'high']),
    classes: z.number().int(),
  })
  .nullable();

/** The response about one image. */
export const classified = z
  .object({
    ...imageAnswer,
    predictions: z.array(prediction),
    metrics,
    results: z.object({ predictions: z.array(prediction), metrics, scores: z.array(z.number()).optional() }),
  })
  .meta({ id: 'ClassificationAnswer' });

/** The response about a batch. */
export const classifiedBatch = z
  .object({
    ...batchAnswer,
    success: z.boolean().meta({ description: 'Whether every image was classified' }),
    predictions: z
      .array(z.array(prediction))
      .meta({ description: 'Per image; empty for an image that failed, see `results`' }),
    results: z.array(
      z.object({
        ...batchEntry,
        predictions: z.array(prediction),
        metrics,
        scores: z.array(z.number()).optional(),
      }),
    ),
  })
  .meta({ id: 'ClassificationBatchAnswer' });
