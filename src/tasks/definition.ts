import type { z } from 'zod';
import type { DatasetItem } from '../domain/dataset.js';
import type {
  DeviceReport,
  DeviceRequest,
  EnergyReport,
  JobProgress,
  NetworkIdentity,
  StageTimings,
  TaskName,
} from '../domain/job.js';
import type { BillableUnits, PricePresetName } from '../domain/money.js';

/** One job that a request makes: which media, in which roles, and what the pipeline has to know of them. */
export interface JobPlan<Input> {
  /** The task's own description of the work; JSON-serialisable, stored in the job row. */
  readonly input: Input;
  /** Media that the engine needs, by the name the pipeline uses; values are media ids. */
  readonly media: Readonly<Record<string, string>>;
}

/** What a task promises before anything runs. Light: no ONNX, no FFmpeg. */
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
