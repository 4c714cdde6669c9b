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

/** Value of one frame. */
interface Point {
  readonly index: number;
  readonly value: number | null;
}

/** Frames per pixel beyond which a line shows the extremes of each column of pixels: all frames would take minutes. */
const DENSE = 4;

/** The points of a line, or the lowest and the highest one of each column of pixels where they are dense. */
function pointsOf(
  frames: readonly ReportedFrame[],
  value: (frame: ReportedFrame) => number | null,
  x: PlotScale,
): readonly Point[] {
  const all = frames.map((frame, index) => ({ index, value: value(frame) }));
  if (x(DENSE) - x(0) >= 1) return all;
  const columns: Point[][] = [];
  for (const point of all) (columns[Math.floor(x(point.index)) - Math.floor(x(0))] ??= []).push(point);
  return columns.flatMap(extremes);
}

/** The lowest and the highest of some points, in their order; one point without a value if none has one. */
function extremes(points: readonly Point[]): readonly Point[] {
  const known = points.filter(({ value }) => value !== null);
  if (known.length === 0) return points.slice(0, 1);
  const below = (one: Point, other: Point): boolean => (one.value ?? 0) < (other.value ?? 0);
  const low = known.reduce((least, point) => (below(point, least) ? point : least));
  const high = known.reduce((most, point) => (below(most, point) ? point : most));
  return low.index < high.index ? [low, high] : [high, low];
}

/** Draws values over the frames as a line with gaps where there is no value; a single point is drawn as a dot. */
export function seriesLine(
  frames: readonly ReportedFrame[],
  value: (frame: ReportedFrame) => number | null,
  { x, y, stroke, width }: LineStyle,
): string {
  const path = line<Point>()
    .digits(1)
    .defined((point) => point.value !== null)
    .x((point) => x(point.index))
    .y((point) => y(point.value ?? 0))(pointsOf(frames, value, x));
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
