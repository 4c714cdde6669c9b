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

/** One job that a request makes: which media, in which roles, and what the pipeline has to know of them. */
export interface JobPlan<Input> {
  /** The task's own description of the work; JSON-serialisable, stored in the job row. */
  readonly input: Input;
  /** Media that the engine needs, by the name the pipeline uses; values are media ids. */
  readonly media: Readonly<Record<string, string>>;
}

/** What services know of a task: how its jobs are planned and what they cost. Light: no ONNX, no FFmpeg. */
export interface TaskDefinition<Params, Input> {
  readonly name: TaskName;
  readonly pricePreset: PricePresetName;
  readonly params: z.ZodType<Params>;
  /**
   * Which jobs the items and parameters make.
   * @throws AppError (kind `invalid`) naming field, value and limit for a plan that cannot work; nothing is charged then.
   */
  plan(items: readonly DatasetItem[], params: Params, range: string): readonly JobPlan<Input>[];
  /** What one job is billed for; quote, hold and capture are made of it. */
  units(plan: JobPlan<Input>): BillableUnits;
  /** What a user should know before a job is made, such as a hole that is too large to be filled well. */
  warnings?(plan: JobPlan<Input>): readonly string[];
  device(params: Params): DeviceRequest;
}

/** How `POST /api/inference` takes a task. */
export interface TaskRequest {
  /** Name of the body's schema in the OpenAPI document. */
  readonly schemaId: string;
  /** Parameters that the document shows as an example. */
  readonly example: Readonly<Record<string, unknown>>;
  /** Sentence on the task's jobs, for the description of the route. */
  readonly description?: string;
}

/** A network that has to be installed before a job is accepted. */
export interface RequiredNetwork<Params> {
  /** `task` in the manifests of possible networks. */
  readonly task: string;
  /** What such networks do, for the error: "only networks of task … classify". */
  readonly purpose: string;
  /** Null where the parameters need none. */
  of(params: Params): NetworkRef | null;
  /** @throws AppError (invalid) where the parameters do not fit this network */
  check?(network: InstalledNetwork, params: Params): void;
}

/** A module that runs a task's jobs. */
interface PipelineModule<Params, Input> {
  /** Frames in, JSON and artefact files out. */
  pipeline(plan: JobPlan<Input>, params: Params, engine: EngineContext): Promise<TaskResult>;
}

/**
 * A task as `tasks/index.ts` lists it. Names, enums, bodies and messages between processes are made from these declarations.
 */
export interface Task<Params, Input> extends TaskDefinition<Params, Input> {
  /** Kinds of media that its jobs work on; `range` counts items of these kinds. */
  readonly media: readonly MediaKind[];
  /** What its jobs are billed by; the preset has a price for each. */
  readonly priceUnits: readonly PriceUnit[];
  /** Networks that its parameters name; each has to be installed. */
  readonly networks?: readonly RequiredNetwork<Params>[];
  /** Left out by tasks that have their own routes. */
  readonly request?: TaskRequest;
  /** Fields of its result that the OpenAPI document describes, besides those that all results have. */
  readonly result?: Readonly<Record<string, z.ZodType>>;
  /** Brings ONNX Runtime and FFmpeg with it: only engines call this. */
  pipeline(): Promise<PipelineModule<Params, Input>>;
}

/** Figures behind an energy estimate. */
export interface PowerAssumptions {
  /** Watts of one busy core. */
  readonly cpuWatts: number;
  readonly carbonGramsPerKwh: number;
}

/** What a pipeline may use: paths, limits, a way to report and to be stopped. */
export interface EngineContext {
  readonly jobId: string;
  /** Absolute paths of the plan's media by name. */
  readonly mediaPaths: Readonly<Record<string, string>>;
  /** Empty folder of this attempt; removed by the worker afterwards. */
  readonly workspace: string;
  readonly modelsDirectory: string;
  /** Labels of networks in the flat layout. */
  readonly labelsDirectory?: string;
  readonly ffmpeg: { readonly ffmpegPath: string; readonly ffprobePath: string; readonly version: string };
  /** What an estimate of energy is made of where the machine does not measure it. */
  readonly power: PowerAssumptions;
  /** Threads that decoding and feature detection may use together. */
  readonly threads: number;
  /** Longest time that opening an installed inpainting network, and each run of it, may take. */
  readonly modelTimeoutMs?: number;
  /** Who decodes usual JPEGs that are classified. */
  readonly jpegDecoder?: JpegDecoderName;
  readonly signal: AbortSignal;
  progress(progress: JobProgress): void;
}

/** What a pipeline hands back; artefacts lie in the workspace. */
export interface TaskResult {
  /** The task's JSON document, stored and shown as it is. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Absolute path of the result ZIP inside the workspace. */
  readonly zipPath: string;
  /** What was really processed; captured at the quoted prices, never more than held. */
  readonly units: BillableUnits;
  readonly device: DeviceReport;
  readonly timings: StageTimings;
  readonly energy: EnergyReport;
  readonly network: NetworkIdentity | null;
}

/** Frames in, JSON and artefact files out; loaded by engines only. */
export type Pipeline<Params, Input> = (
  plan: JobPlan<Input>,
  params: Params,
  engine: EngineContext,
) => Promise<TaskResult>;
