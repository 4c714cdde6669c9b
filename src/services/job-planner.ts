import type { DatasetItem } from '../domain/dataset.js';
import type { DeviceRequest, Job, JobInput, TaskName } from '../domain/job.js';
import type { BillableUnits, Quote } from '../domain/money.js';
import type { Repositories } from '../domain/repositories/unit-of-work.js';
import { AppError } from '../errors/app-error.js';
import { invalidField, validationFailed } from '../errors/common-errors.js';
import { fieldIssues } from '../errors/schema-issues.js';
import type { JobPlan } from '../tasks/definition.js';
import type { AnyTaskDefinition, TaskRegistry } from '../tasks/registry.js';
import { PricingService } from './pricing.service.js';

/** A client's request: a task over a dataset. */
export interface JobRequest {
  readonly userId: string;
  readonly datasetId: string;
  readonly task: TaskName;
  /** As sent by the client; validated by the task. */
  readonly parameters: unknown;
  /** `all`, or `a-b` over the items that the task processes. */
  readonly range: string;
}

/** A validated and priced {@link JobRequest}; nothing is charged yet. */
export interface PlannedJobs {
  readonly datasetId: string | null;
  readonly task: TaskName;
  readonly params: Readonly<Record<string, unknown>>;
  readonly device: DeviceRequest;
  readonly plans: readonly JobPlan<unknown>[];
  /** Files of each plan. */
  readonly inputs: readonly (readonly JobInput[] | null)[];
  /** One quote per plan. */
  readonly quotes: readonly Quote[];
  readonly total: Quote;
}

/**
 * Validates a request against the stored media and prices it. Estimate, dry run and creation all use it, so a
 * quote equals the later charge.
 */
export class JobPlanner {
  readonly #tasks: TaskRegistry;

  constructor(tasks: TaskRegistry) {
    this.#tasks = tasks;
  }

  /**
   * @throws AppError NOT_FOUND for a dataset that is not the user's, VALIDATION with every issue of the
   *   parameters, or an error of the task.
   */
  async plan(
    repositories: Pick<Repositories, 'datasets' | 'prices'>,
    request: JobRequest,
  ): Promise<PlannedJobs> {
    const definition = this.#tasks.require(request.task);
    const dataset = await repositories.datasets.requireOwned(request.datasetId, request.userId);
    const params = parseParameters(definition, request.parameters);
    const items = await repositories.datasets.items(dataset.id);
    const plans = definition.plan(items, params, request.range);
    if (plans.length === 0) {
      throw invalidField(
        '/range',
        'NOTHING_TO_DO',
        `range: "${request.range}" selects no item of this dataset that the task can process.`,
      );
    }
    const inputs = plans.map((plan) => inputsOf(plan, items));
    return this.#price(repositories, definition, { datasetId: dataset.id, params, plans, inputs });
  }

  /** Plans an existing job again at current prices. */
  async replan(repositories: Pick<Repositories, 'prices'>, job: Job): Promise<PlannedJobs> {
    const definition = this.#tasks.require(job.task);
    const plans = [planOf(job)];
    return this.#price(repositories, definition, {
      datasetId: job.datasetId,
      params: job.params,
      plans,
      inputs: [job.inputs ?? null],
    });
  }

  async #price(
    { prices }: Pick<Repositories, 'prices'>,
    definition: AnyTaskDefinition,
    work: Pick<PlannedJobs, 'datasetId' | 'plans' | 'inputs'> & { readonly params: unknown },
  ): Promise<PlannedJobs> {
    const units: BillableUnits[] = work.plans.map((plan) => definition.units(plan));
    const { each, total } = await new PricingService(prices).quoteAll(definition.pricePreset, units);
    return {
      datasetId: work.datasetId,
      task: definition.name,
      params: asRecord(work.params),
      device: definition.device(work.params),
      plans: work.plans,
      inputs: work.inputs,
      quotes: each,
      total: { ...total, warnings: work.plans.flatMap((plan) => definition.warnings?.(plan) ?? []) },
    };
  }
}

/** The files of a plan as they are now: later they may be deleted. */
function inputsOf({ media }: JobPlan<unknown>, items: readonly DatasetItem[]): readonly JobInput[] {
  const files = items.flatMap(({ source, mask }) => (mask ? [source, mask] : [source]));
  const byId = new Map(files.map((file) => [file.id, file]));
  return Object.entries(media).flatMap(([role, mediaId]) => {
    const file = byId.get(mediaId);
    return file ? [{ role, mediaId, name: file.name, sha256: file.sha256 }] : [];
  });
}

/**
 * The plan stored in a job's row. @throws AppError BROKEN_PLAN (internal) when the row holds no valid plan.
 */
export function planOf(job: Pick<Job, 'id' | 'plan'>): JobPlan<Readonly<Record<string, unknown>>> {
  const { input, media } = job.plan;
  if (isRecord(input) && isRecord(media)) {
    const names = Object.entries(media).map(([name, id]) => [name, String(id)] as const);
    const recording = job.plan.recording === undefined ? {} : { recording: String(job.plan.recording) };
    return { input, media: Object.fromEntries<string>(names), ...recording };
  }
  const message = `The row of job ${job.id} holds no valid plan.`;
  throw new AppError('BROKEN_PLAN', { message });
}

function parseParameters(definition: AnyTaskDefinition, parameters: unknown): unknown {
  const parsed = definition.params.safeParse(parameters ?? {});
  if (parsed.success) return parsed.data;
  throw validationFailed(fieldIssues(parsed.error, parameters, '/parameters'));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
