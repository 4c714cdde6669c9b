import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { FrameRecord } from '../../../servoing/frame-record.js';
import { element, px } from '../../drawing/svg.js';
import { runs } from './frame-runs.js';

/** Colours of the three components of a velocity. */
export const COMPONENT_COLOURS = ['#d1495b', '#2e8b57', '#2b6cb0'];
/** Ground of stretches in which tracking was lost. */
export const LOST_COLOUR = '#feebc8';

/** Maps positions in the list of frames, or values, to pixels. */
export type PlotScale = ScaleLinear<number, number>;

/** Two ends in pixels. */
type Span = readonly [from: number, to: number];

/** Columns of frames: each stands in the middle of its share of the width. */
export const frameScale = (count: number, [left, right]: Span): PlotScale =>
  scaleLinear([-0.5, Math.max(count, 1) - 0.5], [left, right]);

/** Heights of values: a little more than from `low` to `high`, larger ones higher. */
export function valueScale(
  [low, high]: readonly [low: number, high: number],
  [top, bottom]: Span,
): PlotScale {
  const margin = (high - low || 1) * 0.04;
  return scaleLinear([low < 0 ? low - margin : low, high > 0 ? high + margin : high || 1], [bottom, top]);
}

/** How a line is drawn. */
interface LineStyle {
  readonly x: PlotScale;
  readonly y: PlotScale;
  readonly stroke: string;
  /** In pixels. */
  readonly width: number;
}

/** A line of values over the frames, interrupted where there is none; a single point shows as a dot. */
export function seriesLine(
  frames: readonly FrameRecord[],
  value: (frame: FrameRecord) => number | null,
  { x, y, stroke, width }: LineStyle,
): string {
  const path = line<FrameRecord>()
    .digits(1)
    .defined((frame) => value(frame) !== null)
    .x((_, index) => x(index))
    .y((frame) => y(value(frame) ?? 0))(frames);
  return element('path', {
    d: path ?? '',
    fill: 'none',
    stroke,
    'stroke-width': width,
    'stroke-linecap': 'round',
  });
}

/** Grounds of the stretches in which tracking was lost. */
export function lostStretches(frames: readonly FrameRecord[], x: PlotScale, [top, bottom]: Span): string {
  return runs(frames, ({ velocity }) => velocity === null)
    .map(([from, to]) => {
      const [left, right] = [x(from - 0.5), x(to + 0.5)];
      return element('rect', {
        x: px(left),
        y: top,
        width: px(right - left),
        height: bottom - top,
        fill: LOST_COLOUR,
      });
    })
    .join('');
}
