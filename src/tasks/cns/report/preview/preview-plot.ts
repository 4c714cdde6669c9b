import type { ReportedFrame } from '../../../../servoing/frame-record.js';
import { element, label, px } from '../../../drawing/svg.js';
import {
  COMPONENT_COLOURS,
  frameScale,
  seriesLine,
  statusRanges,
  valueScale,
  type PlotScale,
} from '../series-plot.js';

/** Height of the plot strip in pixels. */
export const PLOT_HEIGHT = 150;
const MARGIN = { left: 46, right: 10, top: 24, bottom: 10 };
const TEXT = '#1a202c';
/** Approximate number of grid lines. */
const TICKS = 4;

/** Plot area of one of the two plots, in pixels of the strip. */
export interface PlotBox {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Plot areas of the two plots in the strip. */
export function plotBoxes(width: number): readonly [PlotBox, PlotBox] {
  const half = width / 2;
  const box = (left: number): PlotBox => ({
    left: left + MARGIN.left,
    right: left + half - MARGIN.right,
    top: MARGIN.top,
    bottom: PLOT_HEIGHT - MARGIN.bottom,
  });
  return [box(0), box(half)];
}

/** Horizontal position of a processed frame within a plot. */
export function columnOf({ left, right }: PlotBox, index: number, count: number): number {
  return frameScale(count, [left, right])(index);
}

/** SVG strip of the given width: translation and rotation over the processed frames, lost ones shaded. */
export function previewPlotSvg(records: readonly ReportedFrame[], width: number, metric: boolean): string {
  const [translation, rotation] = plotBoxes(width);
  const unit = metric ? 'm/s' : 'goal distances/s';
  const content = [
    element('rect', { width, height: PLOT_HEIGHT, fill: '#ffffff' }),
    drawPlot(records, translation, { title: `translation [${unit}]`, names: ['vx', 'vy', 'vz'], first: 0 }),
    drawPlot(records, rotation, { title: 'rotation [rad/s]', names: ['ωx', 'ωy', 'ωz'], first: 3 }),
  ];
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', width, height: PLOT_HEIGHT },
    content.join(''),
  );
}

interface PlotText {
  readonly title: string;
  readonly names: readonly string[];
  /** Index of the first of the three components. */
  readonly first: number;
}

function drawPlot(
  records: readonly ReportedFrame[],
  box: PlotBox,
  { title, names, first }: PlotText,
): string {
  const values = records.flatMap(({ velocity }) => velocity?.slice(first, first + 3) ?? []);
  const reach = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const x = frameScale(records.length, [box.left, box.right]);
  const y = valueScale([-reach, reach], [box.top, box.bottom]);
  const lines = COMPONENT_COLOURS.map((stroke, k) =>
    seriesLine(records, ({ velocity }) => velocity?.[first + k] ?? null, {
      x,
      y,
      stroke,
      width: 1.5,
    }),
  );
  const legend = names.map((name, k) =>
    label(name, {
      x: box.right - 22 * (3 - k),
      y: box.top - 8,
      'font-size': 11,
      fill: COMPONENT_COLOURS[k],
    }),
  );
  const heading = label(title, { x: box.left, y: box.top - 8, 'font-size': 11, fill: TEXT });
  const grounds = statusRanges(records, x, [box.top, box.bottom]);
  return grounds + drawGrid(box, y) + lines.join('') + heading + legend.join('');
}

function drawGrid({ left, right }: PlotBox, y: PlotScale): string {
  const textOf = y.tickFormat(TICKS);
  return y
    .ticks(TICKS)
    .map((value) => {
      const height = px(y(value));
      const text = { x: left - 5, y: height + 3.5, 'text-anchor': 'end', 'font-size': 10, fill: '#4a5568' };
      return (
        element('line', { x1: left, x2: right, y1: height, y2: height, stroke: '#cbd5e0' }) +
        label(textOf(value), text)
      );
    })
    .join('');
}
