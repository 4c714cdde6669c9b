import type { Task } from '../definition.js';
import { cnsParamsSchema, requestedDevice, SHIPPED_DETECTORS, type CnsParams } from './params.js';
import { planCns, processedFrameCount, type CnsInput } from './plan.js';

/**
 * CNS visual servoing: a single video is both goal and current; n videos give n-1 jobs on consecutive pairs.
 * @param detectors detectors that the engines of this installation can run
 */
export const createCnsTask = (detectors: readonly string[]): Task<CnsParams, CnsInput> => ({
  name: 'cns',
  media: ['video'],
  pricePreset: 'infernode',
  priceUnits: ['inference.video_frame'],
  params: cnsParamsSchema,
  request: {
    schemaId: 'NewCnsInference',
    example: {
      startFrame: 0,
      endFrame: 500,
      goalFrameId: 40,
      frameStep: 2,
      detector: 'SIFT',
      useGpus: true,
    },
    description: 'A single video is both goal and current; n videos give n-1 jobs on consecutive pairs.',
  },
  plan: (items, params, range) => planCns(items, params, { range, detectors }),
  units: (plan) => ({ 'inference.video_frame': processedFrameCount(plan.input) }),
  device: requestedDevice,
  pipeline: () => import('./pipeline.js'),
});

/** {@link createCnsTask} with the detectors of every installation. */
export const cnsTask = createCnsTask(SHIPPED_DETECTORS);
