/** Camera velocity `[vx, vy, vz, wx, wy, wz]` in the camera's frame (x right, y down, z forward), m/s and rad/s. */
export type Velocity = readonly [number, number, number, number, number, number];

/** Standing still. */
export const ZERO_VELOCITY: Velocity = [0, 0, 0, 0, 0, 0];

/** Sequence numbers from the first to the last, both included. */
export type SequenceRange = readonly [from: number, to: number];

/** What went wrong; over HTTP with more fields (RFC 9457). */
export interface Problem {
  readonly code: string;
  readonly title: string;
  readonly detail: string;
  /** Where the session is, when it lives on another instance. */
  readonly location?: string;
}

/** A session as the API shows it. */
export interface SessionView {
  readonly id: string;
  readonly status: 'active' | 'interrupted' | 'ended';
  readonly endReason: string | null;
  readonly streamUrl: string;
  readonly framesUrl: string;
  readonly eventsUrl: string;
  /** The api instance that it lives on. */
  readonly instanceUrl: string;
  readonly goal: {
    readonly width: number;
    readonly height: number;
    readonly keypoints: number;
    readonly clusters: number;
    readonly source: { readonly sha256: string } | { readonly mediaId: string; readonly frame: number };
  };
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly device: { readonly requested: string; readonly used: string; readonly reason: string };
  readonly model: { readonly id: string; readonly version: string; readonly sha256: string } | null;
  readonly frames: { readonly answered: number; readonly skipped: number; readonly max: number };
  /** Engines that were replaced. */
  readonly restarts: number;
  readonly record: boolean;
  /** Why the recording stopped before the session. */
  readonly recordStopped: 'size' | 'quota' | 'frames' | 'disk' | null;
  /** The job that a recorded session ended as. */
  readonly jobId: string | null;
  /** Seconds without a frame after which the session ends. */
  readonly idleTimeout: number;
  readonly watchdogMs: number;
  readonly cost: {
    readonly quoted: number;
    readonly held: number;
    readonly captured: number;
    readonly pricePreset: string;
    readonly priceVersion: number;
  };
  readonly createdAt: string;
  readonly endedAt: string | null;
}

/** The answer to one frame. */
export interface VelocityMessage {
  readonly type: 'velocity';
  readonly seq: number;
  /** Microseconds, as the frame said them; a decimal number in a string. */
  readonly captureTimeUs: string;
  /** Zeros when the goal is lost. */
  readonly velocity: Velocity;
  /** In the tool's frame; null without `handEye`. */
  readonly velocityTool: Velocity | null;
  readonly status: 'tracking' | 'weak' | 'lost' | 'arrived';
  /** Code of why there is no velocity. */
  readonly reason: string | null;
  readonly keypoints: number;
  readonly matches: number;
  readonly inliers: number;
  /** Mean distance of the points to their places in the goal, normalised image units. */
  readonly error: number | null;
  /** 0 to 1. */
  readonly confidence: number;
  readonly timingsMs: {
    readonly queue: number;
    readonly decode: number;
    readonly detect: number;
    readonly match: number;
    readonly network: number;
    readonly total: number;
  };
  /** Frames that were left out for newer ones since the last report. */
  readonly skipped: readonly SequenceRange[];
}

/** What the server says on the stream. */
export type ServerMessage =
  | { readonly type: 'session'; readonly session: SessionView }
  | VelocityMessage
  | { readonly type: 'skipped'; readonly skipped: readonly SequenceRange[] }
  | {
      readonly type: 'timeout';
      readonly velocity: Velocity;
      readonly status: 'timeout';
      readonly silentMs: number;
    }
  | { readonly type: 'interrupted'; readonly velocity: Velocity; readonly status: 'interrupted' }
  | { readonly type: 'resumed' }
  | { readonly type: 'error'; readonly error: Problem; readonly seq?: number }
  | { readonly type: 'ended'; readonly velocity: Velocity; readonly session: SessionView };

/** What a client says as text; frames are binary. */
export type ClientMessage =
  | { readonly type: 'authenticate'; readonly token: string }
  | { readonly type: 'end' }
  | { readonly type: 'ping' };
