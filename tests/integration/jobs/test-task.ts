import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { JobPlan, TaskDefinition } from '../../../src/tasks/definition.js';

/** Module that engines of a test load instead of the product's tasks. */
export const TEST_PIPELINES = fileURLToPath(new URL('./test-pipelines.js', import.meta.url));

const schema = z.strictObject({
  /** Frames that are quoted. */
  frames: z.number().int().min(1),
  /** Frames that are really processed. */
  usedFrames: z.number().int().min(0).optional(),
  behaviour: z
    .enum([
      'finish',
      'wait',
      'fail-final',
      'fail-retryable',
      'die',
      'block',
      'block-until-told',
      'hoard',
      'ignore-stop',
    ])
    .default('finish'),
  zipBytes: z.number().int().min(0).default(2_500_000),
  folder: z.string(),
});

/** Parameters of the test task. */
export type TestParams = z.infer<typeof schema>;
/** Input of the test task. */
export type TestInput = TestParams & { readonly usedFrames: number };

/** A task that stands in for `cns` and does as its parameters say; range `0-2` makes three jobs. */
export const testTask: TaskDefinition<TestParams, TestInput> = {
  name: 'cns',
  pricePreset: 'infernode',
  params: schema,
  plan(_items, params, range) {
    const count = range === 'all' ? 1 : Number(range.split('-')[1]) + 1;
    const plan: JobPlan<TestInput> = {
      input: { ...params, usedFrames: params.usedFrames ?? params.frames },
      media: {},
    };
    return Array.from({ length: count }, () => plan);
  },
  units: (plan) => ({ 'inference.video_frame': plan.input.frames }),
  device: () => 'cpu',
};
