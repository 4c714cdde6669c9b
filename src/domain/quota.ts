/** Limits of one user; 0 for no limit. */
export interface UserLimits {
  /** Files of all datasets that are not deleted, and recordings of live sessions until their job has ended. */
  readonly storageBytes: number;
  /** Uploads from one reset to the next, at 07:00 UTC. */
  readonly uploadBytesPerDay: number;
  readonly waitingJobs: number;
  readonly runningJobs: number;
  readonly requestsPerMinute: number;
  /** Starts per turn when users take turns, 1 to 100. */
  readonly weight: number;
}

/** Limits of one user that differ from the settings; `null` means as in the settings. */
export type LimitOverrides = { readonly [Name in keyof UserLimits]: number | null };

/** No limit at all, and equal turns. */
export const NO_LIMITS: UserLimits = {
  storageBytes: 0,
  uploadBytesPerDay: 0,
  waitingJobs: 0,
  runningJobs: 0,
  requestsPerMinute: 0,
  weight: 1,
};

/** What a user has stored and uploaded. */
export interface UploadUsage {
  readonly storageBytes: number;
  /** Uploaded since the last reset. */
  readonly uploadedBytes: number;
  /** Announced sizes of uploads that are being received. */
  readonly reservedBytes: number;
  /** The next reset. */
  readonly resetsAt: Date;
}

/** All usage of a user. */
export interface Usage extends UploadUsage {
  readonly waitingJobs: number;
  readonly runningJobs: number;
}

/** An upload that may be received. Disposing it gives the reserved bytes back, unless they were stored. */
export interface AdmittedUpload extends AsyncDisposable {
  readonly id: string;
}

/** The limits that apply to a user. */
export function effectiveLimits(defaults: UserLimits, overrides: LimitOverrides | null): UserLimits {
  if (!overrides) return defaults;
  return {
    storageBytes: overrides.storageBytes ?? defaults.storageBytes,
    uploadBytesPerDay: overrides.uploadBytesPerDay ?? defaults.uploadBytesPerDay,
    waitingJobs: overrides.waitingJobs ?? defaults.waitingJobs,
    runningJobs: overrides.runningJobs ?? defaults.runningJobs,
    requestsPerMinute: overrides.requestsPerMinute ?? defaults.requestsPerMinute,
    weight: overrides.weight ?? defaults.weight,
  };
}

/** What is left of a limit; `null` where there is no limit. */
export function leftOf(limit: number, used: number): number | null {
  return limit === 0 ? null : Math.max(0, limit - used);
}
