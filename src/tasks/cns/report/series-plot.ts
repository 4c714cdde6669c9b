import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { line } from 'd3-shape';
import type { ReportedFrame } from '../../../servoing/frame-record.js';
import { element, px } from '../../drawing/svg.js';
import { runs } from './frame-runs.js';

/** Colours of the three components of a velocity. */
export const COMPONENT_COLOURS = ['#d1495b', '#2e8b57', '#2b6cb0'];
/** Background of ranges in which tracking was lost or weak. */
export const STATUS_COLOURS = { lost: '#feebc8', weak: '#fefcbf' } as const;

/** Maps frame indices, or values, to pixels. */
export type PlotScale = ScaleLinear<number, number>;

/** Start and end in pixels. */
type Span = readonly [from: number, to: number];

/** Horizontal scale of frames: each is centred in its share of the width. */
export const frameScale = (count: number, [left, right]: Span): PlotScale =>
  scaleLinear([-0.5, Math.max(count, 1) - 0.5], [left, right]);

/** Vertical scale of values from `low` to `high` with a small margin, larger values higher. */
export function valueScale(
  [low, high]: readonly [low: number, high: number],
  [top, bottom]: Span,
): PlotScale {
  const margin = (high - low || 1) * 0.04;
  return scaleLinear([low < 0 ? low - margin : low, high > 0 ? high + margin : high || 1], [bottom, top]);
}

/** Style of a series line. */
interface LineStyle {
  readonly x: PlotScale;
  readonly y: PlotScale;
  readonly stroke: string;
  /** In pixels. */
  readonly width: number;
}

/** Draws values over the frames as a line with gaps where there is no value; a single point is drawn as a dot. */
export function seriesLine(
  frames: readonly ReportedFrame[],
  value: (frame: ReportedFrame) => number | null,
  { x, y, stroke, width }: LineStyle,
): string {
  const path = line<ReportedFrame>()
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

/** Draws the background of ranges in which tracking was lost or weak. */
export function statusRanges(frames: readonly ReportedFrame[], x: PlotScale, span: Span): string {
  return (['lost', 'weak'] as const).map((wanted) => rangesOf(frames, { wanted, x, span })).join('');
}

interface WantedRanges {
  readonly wanted: keyof typeof STATUS_COLOURS;
  readonly x: PlotScale;
  readonly span: Span;
}

function rangesOf(
  frames: readonly ReportedFrame[],
  { wanted, x, span: [top, bottom] }: WantedRanges,
): string {
  return runs(frames, ({ status }) => status === wanted)
    .map(([from, to]) => {
      const [left, right] = [x(from - 0.5), x(to + 0.5)];
      return element('rect', {
        x: px(left),
        y: top,
        width: px(right - left),
        height: bottom - top,
        fill: STATUS_COLOURS[wanted],
      });
    })
    .join('');
}
