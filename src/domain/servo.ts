import type { FrameSource } from './dataset.js';
import type { DeviceReport, DeviceRequest, NetworkIdentity } from './job.js';

/** Camera velocity `[vx, vy, vz, wx, wy, wz]`, m/s and rad/s. */
export type ServoVelocity = readonly [number, number, number, number, number, number];

/** Lens models, named as in ROS `sensor_msgs/CameraInfo`. */
export const DISTORTION_MODELS = ['plumb_bob', 'rational_polynomial', 'equidistant'] as const;

/** Lens distortion; see `vision/geometry/lens.ts` for the formulas. */
export interface ServoDistortion {
  readonly model: (typeof DISTORTION_MODELS)[number];
  /** k1 k2 p1 p2 [k3 [k4 k5 k6]]; of `equidistant` k1 k2 k3 k4. */
  readonly coefficients: readonly number[];
}

/** Camera of a session, in pixels of the frames as sent. */
export interface ServoCamera {
  readonly intrinsics: { readonly fx: number; readonly fy: number; readonly cx: number; readonly cy: number };
  /**
   * Image size to which the intrinsics refer; they are scaled for images of another size with the same aspect ratio.
   * Null: the size of the goal image.
   */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly distortion: ServoDistortion | null;
}

/**
 * `lambda(x) = (zero - infinity) exp(-slope / (zero - infinity) x) + infinity`, as in ViSP's vpAdaptiveGain; `x` is the
 * infinity norm of the task error. `slope` is minus the derivative at 0. It must be >= 0 if the gain decreases with the
 * distance from the goal (`zero` above `infinity`) and <= 0 if it increases; otherwise the gain would be unbounded.
 */
export interface AdaptiveGain {
  readonly zero: number;
  readonly infinity: number;
  readonly slope: number;
}

/** Gain of a session unless given: slow and exact at the goal, fast far away. */
export const DEFAULT_SERVO_GAIN: AdaptiveGain = { zero: 2, infinity: 3.5, slope: -10 };

/** Parameters of a session's computation; validated by the API and again by the engine. */
export interface ServoSetup {
  readonly detector: string;
  readonly policy: 'cns' | 'ibvs' | 'pbvs';
  readonly camera: ServoCamera | null;
  /**
   * Horizontal field of view of the displayed goal image, degrees, used if `camera` is null. If both are null, a
   * default lens is assumed.
   */
  readonly fieldOfView: number | null;
  /** Distance from the goal camera to the scene, metres; null: translation is in goal distances. */
  readonly goalDistance: number | null;
  /**
   * Distance from the camera to the scene in the first frame with a velocity, metres, used if `goalDistance` is null:
   * the goal distance is derived from it and from the scale of the scene in that frame relative to the goal image.
   */
  readonly depthHint: number | null;
  readonly gain: number | AdaptiveGain;
  /** Maximum norms of translational and rotational velocity; saturation preserves the direction of the six-vector. */
  readonly limits: { readonly linear: number | null; readonly angular: number | null };
  /** Pose of the camera in the tool's frame, 4x4 row-major; null: the tool's velocity is not computed. */
  readonly handEye: readonly number[] | null;
  readonly onWeak: 'use' | 'null';
  readonly workingSize: number;
  readonly device: DeviceRequest;
  readonly strict: boolean;
}

/** Source of the goal image. */
export type ServoGoalSource =
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'video';
      readonly path: string;
      readonly frame: number;
      /** Stored metadata of the video. */
      readonly video: {
        readonly width: number;
        readonly height: number;
        readonly frameCount: number;
        readonly frameSource?: FrameSource;
      };
    };

/** Frame formats, with their number in the stream's header. */
export const FRAME_FORMATS = { jpeg: 1, png: 2, webp: 3, gray8: 4, rgb24: 5, yuy2: 6 } as const;
/** See {@link FRAME_FORMATS}. */
export type FrameFormat = keyof typeof FRAME_FORMATS;

/** One frame sent by a client. */
export interface ServoFrame {
  readonly format: FrameFormat;
  readonly sequence: number;
  readonly captureTimeMicros: bigint;
  /** Width and height of raw formats; null for encoded ones. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Whether a binary response contains the tool's velocity instead of the camera's. */
  readonly toolFrame: boolean;
  readonly bytes: Uint8Array;
}

/** Matched points of a frame and of the goal, in pixels of their working sizes. */
export interface ServoMatches {
  /** Working size of the frame. */
  readonly width: number;
  readonly height: number;
  /** Goal positions [n,2]. */
  readonly goal: Float32Array;
  /** Positions in the frame [n,2]. */
  readonly current: Float32Array;
}

/** Result of one frame. */
export interface ServoResult {
  readonly sequence: number;
  /** Null when lost (or weak with `onWeak: "null"`). */
  readonly velocity: ServoVelocity | null;
  readonly velocityTool: ServoVelocity | null;
  readonly status: 'tracking' | 'weak' | 'lost' | 'arrived';
  /** Code of the reason if there is no velocity. */
  readonly reason: string | null;
  readonly keypoints: number;
  readonly matches: number;
  readonly inliers: number;
  readonly featureError: number | null;
  readonly confidence: number;
  /** Metres from the goal camera to the scene, given or estimated from `depthHint`; missing while unknown. */
  readonly goalDistance?: number;
  readonly timingsMs: {
    readonly decode: number;
    readonly detect: number;
    readonly match: number;
    readonly network: number;
  };
  /** Present if requested. */
  readonly matchedPoints?: ServoMatches;
}

/** Result of setting up the goal. */
export interface ServoGoalReport {
  readonly width: number;
  readonly height: number;
  readonly keypoints: number;
  readonly clusters: number;
  readonly device: DeviceReport;
  readonly network: NetworkIdentity | null;
}

/** An engine that serves one session. */
export interface ServoEngine {
  readonly goal: ServoGoalReport;
  /** The goal's frame of a video as JPEG, if `goalImage` was requested. */
  readonly goalImage?: Uint8Array | undefined;
  /**
   * Processes one frame at a time. Rejects with the error of the frame (a corrupt image) or with ENGINE_DIED.
   * @param options `matches`: whether the result contains the matched points
   */
  step(frame: ServoFrame, options?: { readonly matches: boolean }): Promise<ServoResult>;
  /** Settles when the process has exited for any reason, or when {@link close} has returned the engine. */
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

/** How an engine is opened. */
export interface OpenServoEngine {
  readonly waitMs: number;
  readonly signal: AbortSignal;
  /** Whether the engine returns the goal's frame of a video as an image. */
  readonly goalImage?: boolean;
  /** Account that the session belongs to: of those that wait, who has the fewest engines gets the next one. */
  readonly owner?: string;
  /** Engine of the same session that died and was not closed yet: its place is taken over, ahead of those that wait. */
  readonly replaces?: ServoEngine;
}

/** Engines of this api process. */
export interface ServoEngines {
  readonly capacity: number;
  readonly free: number;
  /**
   * Takes an engine and sets up the goal. Waits up to `waitMs` for a free engine. Opened again with the same `setup`
   * object, as after the death of an engine, a session keeps the goal distance that it had estimated, and with the same
   * `goal` object the goal's features.
   * @throws AppError SERVO_ENGINES_BUSY; errors of the goal (PICTURE_..., FRAME_RANGE, GOAL_TOO_FEW_POINTS), of the
   * detector or of the network
   */
  open(setup: ServoSetup, goal: ServoGoalSource, options: OpenServoEngine): Promise<ServoEngine>;
  close(): Promise<void>;
}
