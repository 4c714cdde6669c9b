/** Waiting jobs of one kind; see {@link JobSpeedRepository}. */
export interface WaitingKind {
  readonly kind: string;
  readonly jobs: number;
  readonly heldMicro: number;
}

/** A running job. */
export interface RunningJob {
  readonly kind: string;
  readonly heldMicro: number;
  readonly percent: number;
  readonly elapsedMs: number;
}

/**
 * Durations of jobs by kind: jobs of the same task, network, device and price list, whose durations are proportional
 * to what is held for them.
 */
export interface JobSpeedRepository {
  kindOf(jobId: string): Promise<string | null>;
  /** Milliseconds per held micro-credit of recently completed jobs, by kind. */
  speeds(): Promise<ReadonlyMap<string, number>>;
  waiting(): Promise<readonly WaitingKind[]>;
  running(): Promise<readonly RunningJob[]>;
}
