import type { TaskName } from '../domain/job.js';
import { notFound } from '../errors/common-errors.js';
import type { JobPlan, Pipeline } from './definition.js';

/**
 * Hides a task's types behind `unknown`. Sound because plan and parameters come from the row
 * that the same task's definition wrote.
 */
function untyped<Params, Input>(pipeline: Pipeline<Params, Input>): Pipeline<unknown, unknown> {
  return (plan, params, engine) => pipeline(plan as JobPlan<Input>, params as Params, engine);
}

/** Pipelines bring ONNX Runtime and FFmpeg with them, so each is loaded when its first job comes. */
const PIPELINES: Readonly<Partial<Record<TaskName, () => Promise<Pipeline<unknown, unknown>>>>> = {
  classification: async () => untyped((await import('./classification/pipeline.js')).classificationPipeline),
  cns: async () => untyped((await import('./cns/pipeline.js')).cnsPipeline),
  inpainting: async () => untyped((await import('./inpainting/pipeline.js')).inpaintingPipeline),
};

/** Loads the pipeline of a task; engines only. @throws AppError NOT_FOUND for a task without pipeline. */
export async function loadPipeline(task: TaskName): Promise<Pipeline<unknown, unknown>> {
  const load = PIPELINES[task];
  if (!load) throw notFound('Task', task);
  return load();
}
