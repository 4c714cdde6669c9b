import { isJoinable, type VideoContainer } from './ffmpeg-arguments.js';

/** Presentation times of frames as a player shows them. */
export interface FrameTimeline {
  /** Never decreasing, in units of the stream's time base. */
  readonly ticks: Float64Array;
  /** Whether the file has parts with separate clocks, which were concatenated. */
  readonly joined: boolean;
}

/** Clock ticks per second in joinable containers (ISO/IEC 13818-1). */
const CLOCK = 90_000;
/** A larger step is a new clock, as in FFmpeg and players based on it. */
const MAX_STEP = 10 * CLOCK;
/** Decoding times never go back by more than this within a part, as in FFmpeg. */
const MAX_STEP_BACK = CLOCK / 10;
/** Assumed duration of the last frame before a new clock if no other is known. */
const USUAL_STEP = CLOCK / 25;
/** Decoders change the place of a frame by at most so many frames; in damaged files they leave them out of order. */
const MAX_REORDERED = 16;

/** Tells the parts of a file with separate clocks apart by the decoding times of its packets. */
export class PartClock {
  readonly #joinable: boolean;
  #part = 0;
  #last: number | undefined;

  constructor(container: VideoContainer) {
    this.#joinable = isJoinable({ container });
  }

  /** Number of the part, from 0, that a packet with this decoding time belongs to; called for each packet in turn. */
  partOf(dts: number | undefined): number {
    if (!this.#joinable || dts === undefined) return this.#part;
    const step = dts - (this.#last ?? dts);
    if (step > MAX_STEP || step < -MAX_STEP_BACK) this.#part += 1;
    this.#last = dts;
    return this.#part;
  }
}

/**
 * The times at which a player presents the frames that a decoder returned with `ticks`, in the decoder's
 * order. Where the clock of a joinable container jumps ahead or back, players continue after the frame before.
 */
export function frameTimeline(ticks: Float64Array, container: VideoContainer): FrameTimeline {
  return isJoinable({ container }) ? joinParts(ticks) : { ticks: neverDescending(ticks), joined: false };
}

function joinParts(ticks: Float64Array): FrameTimeline {
  let [shift, usual, joined] = [0, USUAL_STEP, false];
  const continuous = ticks.map((tick, index) => {
    const step = index === 0 ? usual : tick - ticks[index - 1];
    if (step > MAX_STEP || step < -MAX_REORDERED * usual) {
      shift += usual - step;
      joined = true;
    } else if (step > 0) usual = step;
    return tick + shift;
  });
  return { ticks: neverDescending(continuous), joined };
}

/** Damaged files go back in time by a few frames; a player then presents the frame immediately. */
function neverDescending(ticks: Float64Array): Float64Array {
  let latest = -Infinity;
  return ticks.map((tick) => (latest = Math.max(latest, tick)));
}
