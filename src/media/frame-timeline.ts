import type { VideoContainer } from './ffmpeg-arguments.js';

/** Times of frames as a player shows them. */
export interface FrameTimeline {
  /** Never descending, in units of the stream's time base. */
  readonly ticks: Float64Array;
  /** Whether parts with clocks of their own were put one behind the other. */
  readonly joined: boolean;
}

/** Containers whose recordings are joined by writing one file behind the other; players go on where a clock jumps ahead. */
const JOINABLE: readonly VideoContainer[] = ['ts', 'mpg'];
/** Units of a second in both of them (ISO/IEC 13818-1). */
const CLOCK = 90_000;
/** A step ahead by more is a new clock, as for FFmpeg and the players made of it. */
const LONGEST_STEP = 10 * CLOCK;
/** Where nothing tells how long the frame before a new clock is shown. */
const USUAL_STEP = CLOCK / 25;

/** The times at which a player shows the frames that a decoder gave at `ticks`, in the order in which it gave them. */
export function frameTimeline(ticks: Float64Array, container: VideoContainer): FrameTimeline {
  return JOINABLE.includes(container) ? joinParts(ticks) : { ticks: neverDescending(ticks), joined: false };
}

function joinParts(ticks: Float64Array): FrameTimeline {
  let [shift, usual, joined] = [0, USUAL_STEP, false];
  const continuous = ticks.map((tick, index) => {
    const step = index === 0 ? usual : tick - ticks[index - 1];
    if (step > LONGEST_STEP) {
      shift += usual - step;
      joined = true;
    } else if (step > 0) usual = step;
    return tick + shift;
  });
  return { ticks: neverDescending(continuous), joined };
}

/** Damaged files turn back in time; a player then shows the frame at once. */
function neverDescending(ticks: Float64Array): Float64Array {
  let latest = -Infinity;
  return ticks.map((tick) => (latest = Math.max(latest, tick)));
}
