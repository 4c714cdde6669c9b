import { classificationTask } from './classification/task.js';
import { cnsTask } from './cns/task.js';
import type { Task } from './definition.js';
import { detectionTask } from './detection/task.js';
import { inpaintingTask } from './inpainting/task.js';

/** A task whose parameters and input only the task itself understands. */
export type AnyTask = Task<unknown, unknown>;

/**
 * The tasks of the product, the only list of them. A new task is a folder, a line here, and a migration that adds its name
 * to the jobs' CHECK and its prices. The first one is meant where a request names none.
 */
export const TASKS: readonly AnyTask[] = [cnsTask, inpaintingTask, classificationTask, detectionTask];

/** Names of {@link TASKS}, in their order. */
export const TASK_NAMES: readonly string[] = TASKS.map(({ name }) => name);

/** The task of this name, if this version has it. */
export function findTask(name: string): AnyTask | undefined {
  return TASKS.find((task) => task.name === name);
}
