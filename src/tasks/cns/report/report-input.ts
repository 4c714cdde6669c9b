import type { DeviceReport, EnergyReport, NetworkIdentity, StageTimings } from '../../../domain/job.js';
import type { VideoProbe } from '../../../media/probe.js';
import type { FrameMatches, FrameRecord } from '../../../servoing/frame-record.js';
import type { EngineContext } from '../../definition.js';
import type { CnsParams } from '../params.js';
import type { CnsInput } from '../plan.js';

/** Content of a report. */
export interface ReportInput {
  readonly input: CnsInput;
  /** Deviations from the plan, as sentences for the user. */
  readonly warnings: readonly string[];
  readonly params: CnsParams;
  readonly engine: EngineContext;
  readonly probes: { readonly goal: VideoProbe; readonly current: VideoProbe };
  readonly opened: {
    readonly device: DeviceReport;
    readonly network: NetworkIdentity | null;
    readonly memory: 'sequence' | 'frame' | null;
  };
  readonly goal: { readonly keypoints: number; readonly points: number; readonly clusters: number };
  readonly records: readonly FrameRecord[];
  readonly images: readonly FrameMatches[];
  /** Matches of the frames that the preview shows. */
  readonly preview: readonly FrameMatches[];
  /** Ends the measurements; called once, after all expensive work is done. */
  finish(): { readonly timings: StageTimings; readonly energy: EnergyReport };
}
