import type { TaskName } from '../domain/job.js';
import { notFound } from '../errors/common-errors.js';
import { classificationTask } from './classification/task.js';
import { cnsTask, createCnsTask } from './cns/task.js';
import { inpaintingTask } from './inpainting/task.js';
import type { TaskDefinition } from './definition.js';

/** A task whose parameters and input only the task itself understands. */
export type AnyTaskDefinition = TaskDefinition<unknown, unknown>;

/** The tasks of the product; a new task is one folder and one line here and in `pipelines.ts`. */
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
