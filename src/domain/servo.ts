import type { FrameSource } from './dataset.js';
import type { DeviceReport, DeviceRequest, NetworkIdentity } from './job.js';

/** Camera velocity `[vx, vy, vz, wx, wy, wz]`, m/s and rad/s. */
export type ServoVelocity = readonly [number, number, number, number, number, number];

/** Lens models, named as in ROS `sensor_msgs/CameraInfo`. */
export const DISTORTION_MODELS = ['plumb_bob', 'rational_polynomial', 'equidistant'] as const;

/** How a lens bends the image; see `vision/geometry/lens.ts` for the formulas. */
export interface ServoDistortion {
  readonly model: (typeof DISTORTION_MODELS)[number];
  /** k1 k2 p1 p2 [k3 [k4 k5 k6]]; of `equidistant` k1 k2 k3 k4. */
  readonly coefficients: readonly number[];
}

/** Camera of a session, pixels of the frames as they are sent. */
export interface ServoCamera {
  readonly intrinsics: { readonly fx: number; readonly fy: number; readonly cx: number; readonly cy: number };
  /** Size for which the intrinsics hold; images of another size with the same aspect are scaled. Null: that of the goal. */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly distortion: ServoDistortion | null;
}

/**
 * `lambda(x) = (zero - infinity) exp(-slope / (zero - infinity) x) + infinity`, as ViSP's vpAdaptiveGain; `x` is the
 * infinity norm of the task's error. `slope` is minus the derivative at 0: not negative where the gain falls with the
 * distance from the goal (`zero` above `infinity`), not positive where it rises; else the formula has no limit.
 */
export interface AdaptiveGain {
  readonly zero: number;
  readonly infinity: number;
  readonly slope: number;
}

/** What a session computes with; validated by the API and checked again by the engine. */
export interface ServoSetup {
  readonly detector: string;
  readonly policy: 'cns' | 'ibvs' | 'pbvs';
  readonly camera: ServoCamera | null;
  /** Horizontal field of view of the goal image as it is shown, degrees; where `camera` is null. Both null: a usual lens. */
  readonly fieldOfView: number | null;
  /** Metres from the goal camera to the scene; null: translation is in goal distances. */
  readonly goalDistance: number | null;
  /**
   * Metres from the camera to the scene in the first frame that has a velocity, where `goalDistance` is null: the goal
   * distance follows from it and from how much larger or smaller the scene appears there than in the goal image.
   */
  readonly depthHint: number | null;
  readonly gain: number | AdaptiveGain;
  /** Largest lengths of the two halves of the velocity; saturation keeps the direction of all six. */
  readonly limits: { readonly linear: number | null; readonly angular: number | null };
  /** Pose of the camera in the tool's frame, 4x4 row-major; null: no velocity of the tool. */
  readonly handEye: readonly number[] | null;
  readonly onWeak: 'use' | 'null';
  readonly workingSize: number;
  readonly device: DeviceRequest;
  readonly strict: boolean;
}

/** Where the goal comes from. */
export type ServoGoalSource =
  | { readonly kind: 'image'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'video';
      readonly path: string;
      readonly frame: number;
      /** What is stored of the video. */
      readonly video: {
        readonly width: number;
        readonly height: number;
        readonly frameCount: number;
        readonly frameSource?: FrameSource;
      };
    };

/** Formats of frames; the number is that of the stream's header. */
export const FRAME_FORMATS = { jpeg: 1, png: 2, webp: 3, gray8: 4, rgb24: 5, yuy2: 6 } as const;
/** See {@link FRAME_FORMATS}. */
export type FrameFormat = keyof typeof FRAME_FORMATS;

/** One frame of a client. */
export interface ServoFrame {
  readonly format: FrameFormat;
  readonly sequence: number;
  readonly captureTimeMicros: bigint;
  /** Width and height of raw formats; the others say it themselves. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** Whether a binary answer is to hold the velocity of the tool instead of the camera's. */
  readonly toolFrame: boolean;
  readonly bytes: Uint8Array;
}

/** What an engine says of one frame. */
export interface ServoResult {
  readonly sequence: number;
  /** Null when lost (or weak with `onWeak: "null"`). */
  readonly velocity: ServoVelocity | null;
  readonly velocityTool: ServoVelocity | null;
  readonly status: 'tracking' | 'weak' | 'lost' | 'arrived';
  /** Code of why there is no velocity. */
  readonly reason: string | null;
  readonly keypoints: number;
  readonly matches: number;
  readonly inliers: number;
  readonly featureError: number | null;
  readonly confidence: number;
  readonly timingsMs: {
    readonly decode: number;
    readonly detect: number;
    readonly match: number;
    readonly network: number;
  };
}

/** What setting up the goal gave. */
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
  /** One frame at a time. Rejects with the frame's own error (a broken image) or with ENGINE_DIED. */
  step(frame: ServoFrame): Promise<ServoResult>;
  /** Settles when the process is gone, whatever ended it, or when {@link close} has given the engine back. */
  readonly ended: Promise<unknown>;
  close(): Promise<void>;
}

/** Engines of this api process. */
export interface ServoEngines {
  readonly capacity: number;
  readonly free: number;
  /**
   * Takes an engine and sets up the goal. Waits up to `waitMs` for a free one.
   * @throws AppError SERVO_ENGINES_BUSY; what is wrong with the goal (PICTURE_..., FRAME_RANGE, GOAL_TOO_FEW_POINTS), the
   * detector or the network
   */
  open(
    setup: ServoSetup,
    goal: ServoGoalSource,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<ServoEngine>;
  close(): Promise<void>;
}
