import type { TaskName } from '../domain/job.js';
import { notFound } from '../errors/common-errors.js';
import { classificationTask } from './classification/task.js';
import { cnsTask, createCnsTask } from './cns/task.js';
import { inpaintingTask } from './inpainting/task.js';
import type { JobPlan, Pipeline, TaskDefinition } from './definition.js';

/** A task whose parameters and input only the task itself understands. */
export type AnyTaskDefinition = TaskDefinition<unknown, unknown>;

/** The tasks of the product; a new task is one folder, one line here and one in `PIPELINES`. */
export const PRODUCT_TASKS: readonly AnyTaskDefinition[] = [cnsTask, inpaintingTask, classificationTask];

/** The tasks of an installation whose engines can run these detectors. */
export function withDetectors(
  tasks: readonly AnyTaskDefinition[],
  detectors: readonly string[],
): readonly AnyTaskDefinition[] {
  return tasks.map((task) => (task.name === 'cns' ? createCnsTask(detectors) : task));
}

/** Tasks by name. Light: definitions load neither ONNX Runtime nor FFmpeg. */
export class TaskRegistry {
  readonly #tasks: ReadonlyMap<TaskName, AnyTaskDefinition>;

  constructor(definitions: readonly AnyTaskDefinition[]) {
    this.#tasks = new Map(definitions.map((definition) => [definition.name, definition]));
  }

  /** @throws AppError NOT_FOUND for a task that this build does not have. */
  require(name: TaskName): AnyTaskDefinition {
    const definition = this.#tasks.get(name);
    if (!definition) throw notFound('Task', name);
    return definition;
  }
}

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
