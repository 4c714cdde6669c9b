import type { ReportedFrame } from '../../../servoing/frame-record.js';

/** Runs of consecutive frames for which `test` holds, as index pairs (both inclusive). */
export function runs(
  frames: readonly ReportedFrame[],
  test: (frame: ReportedFrame) => boolean,
): [number, number][] {
  const found: [number, number][] = [];
  frames.forEach((frame, index) => {
    if (!test(frame)) return;
    const last = found.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}
