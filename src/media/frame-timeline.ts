import type { VideoContainer } from './ffmpeg-arguments.js';

/** Presentation times of frames as a player shows them. */
export interface FrameTimeline {
  /** Never decreasing, in units of the stream's time base. */
  readonly ticks: Float64Array;
  /** Whether the file has parts with separate clocks, which were concatenated. */
  readonly joined: boolean;
}

/**
 * Containers in which recordings are joined by concatenating files; players continue where the clock jumps
 * ahead.
 */
const JOINABLE: readonly VideoContainer[] = ['ts', 'mpg'];
/** Clock ticks per second in both of them (ISO/IEC 13818-1). */
const CLOCK = 90_000;
/** A larger step is a new clock, as in FFmpeg and players based on it. */
const MAX_STEP = 10 * CLOCK;
/** Assumed duration of the last frame before a new clock if no other is known. */
const USUAL_STEP = CLOCK / 25;

/**
 * The times at which a player presents the frames that a decoder returned with `ticks`, in the decoder's
 * order.
 */
export function frameTimeline(ticks: Float64Array, container: VideoContainer): FrameTimeline {
  return JOINABLE.includes(container) ? joinParts(ticks) : { ticks: neverDescending(ticks), joined: false };
}

function joinParts(ticks: Float64Array): FrameTimeline {
  let [shift, usual, joined] = [0, USUAL_STEP, false];
  const continuous = ticks.map((tick, index) => {
    const step = index === 0 ? usual : tick - ticks[index - 1];
    if (step > MAX_STEP) {
      shift += usual - step;
      joined = true;
    } else if (step > 0) usual = step;
    return tick + shift;
  });
  return { ticks: neverDescending(continuous), joined };
}

/** Damaged files go back in time; a player then presents the frame immediately. */
function neverDescending(ticks: Float64Array): Float64Array {
  let latest = -Infinity;
  return ticks.map((tick) => (latest = Math.max(latest, tick)));
}
