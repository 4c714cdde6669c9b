import { classificationTask } from './classification/task.js';
import { cnsTask } from './cns/task.js';
import type { Task } from './definition.js';
import { detectionTask } from './detection/task.js';
import { inpaintingTask } from './inpainting/task.js';
import { servoTask } from './servo/task.js';

/** A task with its parameter and input types erased. */
export type AnyTask = Task<unknown, unknown>;

/**
 * All tasks of the product; this is the only list. A new task needs a folder, an entry here, and a migration that adds
 * its name to the CHECK constraint of the jobs table and its prices. The first task is the default of requests that
 * name none.
 */
export const TASKS: readonly AnyTask[] = [
  cnsTask,
  inpaintingTask,
  classificationTask,
  detectionTask,
  servoTask,
];

/** Names of {@link TASKS}, in their order. */
export const TASK_NAMES: readonly string[] = TASKS.map(({ name }) => name);

/** Finds a task by name; `undefined` when this version does not have it. */
export function findTask(name: string): AnyTask | undefined {
  return TASKS.find((task) => task.name === name);
}
