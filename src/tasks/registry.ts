import type { TaskName } from '../domain/job.js';
import { notFound } from '../errors/common-errors.js';
import { cnsTask, createCnsTask } from './cns/task.js';
import type { Pipeline, TaskDefinition } from './definition.js';
import { findTask, TASKS } from './index.js';

/** A task definition with its parameter and input types erased. */
export type AnyTaskDefinition = TaskDefinition<unknown, unknown>;

/** The product's tasks, with the key point detectors that this installation can run. */
export function tasksWith(detectors: readonly string[]): readonly AnyTaskDefinition[] {
  return TASKS.map((task) => (task === cnsTask ? createCnsTask(detectors) : task));
}

/** Tasks by name. Task definitions load neither ONNX Runtime nor FFmpeg. */
export class TaskRegistry {
  readonly #tasks: ReadonlyMap<TaskName, AnyTaskDefinition>;

  constructor(definitions: readonly AnyTaskDefinition[]) {
    this.#tasks = new Map(definitions.map((definition) => [definition.name, definition]));
  }

  /** @throws AppError NOT_FOUND for a task that this version does not have. */
  require(name: TaskName): AnyTaskDefinition {
    const definition = this.#tasks.get(name);
    if (!definition) throw notFound('Task', name);
    return definition;
  }
}

/**
 * Loads the pipeline of a task; for engines only.
 * @throws AppError NOT_FOUND for a task that this version does not have
 */
export async function loadPipeline(name: TaskName): Promise<Pipeline<unknown, unknown>> {
  const task = findTask(name);
  if (!task) throw notFound('Task', name);
  const { pipeline } = await task.pipeline();
  return pipeline;
}
