import type { z } from 'zod';
import type { DatasetItem, MediaKind } from '../domain/dataset.js';
import type {
  DeviceReport,
  DeviceRequest,
  EnergyReport,
  JobProgress,
  NetworkIdentity,
  StageTimings,
  TaskName,
} from '../domain/job.js';
import type { BillableUnits, PricePresetName, PriceUnit } from '../domain/money.js';
import type { InstalledNetwork, NetworkRef } from '../domain/network.js';
import type { JpegDecoderName } from '../domain/preprocessing.js';
import type { ResultMedia } from '../domain/result.js';

/** Plan of one job of a request: its media by role, and what the pipeline needs to know about them. */
export interface JobPlan<Input> {
  /** The task's own description of the work; JSON-serialisable, stored in the job row. */
  readonly input: Input;
  /** Media ids by the name under which the pipeline opens them. */
  readonly media: Readonly<Record<string, string>>;
  /** Session whose recording the pipeline opens as `recording`. */
  readonly recording?: string;
}

/** The part of a task that services use: how its jobs are planned and billed. Must not load ONNX Runtime or FFmpeg. */
export interface TaskDefinition<Params, Input> {
  readonly name: TaskName;
  readonly pricePreset: PricePresetName;
  readonly params: z.ZodType<Params>;
  /**
   * Plans the jobs of a request.
   * @throws AppError (kind `invalid`) naming field, value and limit for a plan that cannot work; nothing is charged
   * then
   */
  plan(items: readonly DatasetItem[], params: Params, range: string): readonly JobPlan<Input>[];
  /** Billable units of a job; basis of quote, hold and capture. */
  units(plan: JobPlan<Input>): BillableUnits;
  /** Warnings for the user before a job is created, such as a hole that is too large to be filled well. */
  warnings?(plan: JobPlan<Input>): readonly string[];
  device(params: Params): DeviceRequest;
}

/** How `POST /api/inference` accepts a task. */
export interface TaskRequest {
  /** Name of the body's schema in the OpenAPI document. */
  readonly schemaId: string;
  /** Example parameters in the OpenAPI document. */
  readonly example: Readonly<Record<string, unknown>>;
  /** Sentence about the task's jobs for the description of the route. */
  readonly description?: string;
}

/** A network that must be installed before a job is accepted. */
export interface RequiredNetwork<Params> {
  /** Required `task` in the network's manifest. */
  readonly task: string;
  /** What such networks do, for the error message: "only networks of task … classify". */
  readonly purpose: string;
  /** The network that the parameters name; `null` when they need none. */
  of(params: Params): NetworkRef | null;
  /** @throws AppError (invalid) when the parameters do not match this network */
  check?(network: InstalledNetwork, params: Params): void;
}

/** A module that runs a task's jobs. */
interface PipelineModule<Params, Input> {
  /** Runs one job. */
  pipeline(plan: JobPlan<Input>, params: Params, engine: EngineContext): Promise<TaskResult>;
}

/**
 * A task as listed in `tasks/index.ts`. Names, enums, request bodies and process messages are derived from these
 * declarations.
 */
export interface Task<Params, Input> extends TaskDefinition<Params, Input> {
  /** Kinds of media that its jobs process; `range` counts items of these kinds. */
  readonly media: readonly MediaKind[];
  /** Units that its jobs are billed in; the preset has a price for each. */
  readonly priceUnits: readonly PriceUnit[];
  /** Networks that its parameters can name; each must be installed. */
  readonly networks?: readonly RequiredNetwork<Params>[];
  /** Absent for tasks with routes of their own. */
  readonly request?: TaskRequest;
  /** Fields of its result in the OpenAPI document, in addition to those common to all results. */
  readonly result?: Readonly<Record<string, z.ZodType>>;
  /** Loads ONNX Runtime and FFmpeg, so only engines may call this. */
  pipeline(): Promise<PipelineModule<Params, Input>>;
}

/** Assumptions of the energy estimate. */
export interface PowerAssumptions {
  /** Power of one busy core, watts. */
  readonly cpuWatts: number;
  readonly carbonGramsPerKwh: number;
}

/** Environment of a pipeline: paths, limits, progress reporting and cancellation. */
export interface EngineContext {
  readonly jobId: string;
  /** Absolute paths of the plan's media by name. */
  readonly mediaPaths: Readonly<Record<string, string>>;
  /** Folder of this attempt, initially empty; the worker removes it afterwards. */
  readonly workspace: string;
  readonly modelsDirectory: string;
  /** Folder of label files for networks in the flat layout. */
  readonly labelsDirectory?: string;
  readonly ffmpeg: { readonly ffmpegPath: string; readonly ffprobePath: string; readonly version: string };
  /** Assumptions of the energy estimate where the machine does not measure energy. */
  readonly power: PowerAssumptions;
  /** Number of threads shared by decoding and feature detection. */
  readonly threads: number;
  /** Whether threads with loaded networks stay for the next job of this process. */
  readonly keepThreads?: boolean;
  /** Timeout for loading a network and for each of its runs. */
  readonly modelTimeoutMs?: number;
  /** Decoder for ordinary JPEGs in classification. */
  readonly jpegDecoder?: JpegDecoderName;
  readonly signal: AbortSignal;
  progress(progress: JobProgress): void;
}

/** Result of a pipeline; files lie in the workspace. */
export interface TaskResult {
  /** The task's JSON document, stored and returned unchanged. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Absolute path of the result ZIP inside the workspace. */
  readonly zipPath: string;
  /** Images and videos in the ZIP, of which previews are made; none by default. */
  readonly media?: readonly ResultMedia[];
  /** Units actually processed; captured at the quoted prices, never more than held. */
  readonly units: BillableUnits;
  readonly device: DeviceReport;
  readonly timings: StageTimings;
  readonly energy: EnergyReport;
  readonly network: NetworkIdentity | null;
}

/** Runs one job; loaded by engines only. */
export type Pipeline<Params, Input> = (
  plan: JobPlan<Input>,
  params: Params,
  engine: EngineContext,
) => Promise<TaskResult>;
