import type { FrameRecord } from '../../../../servoing/frame-record.js';
import { runs } from '../frame-runs.js';
import { element, label, px, tickText, ticks } from '../../../drawing/svg.js';

/** Height of the plot strip in pixels. */
export const PLOT_HEIGHT = 150;
const MARGIN = { left: 46, right: 10, top: 24, bottom: 10 };
const COLOURS = ['#d1495b', '#2e8b57', '#2b6cb0'];
const TEXT = '#1a202c';

/** One of the two plots that stand side by side. */
export interface PlotBox {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Places of the plots' areas inside the strip. */
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

/** Column of a processed frame within a plot. */
export function columnOf({ left, right }: PlotBox, index: number, count: number): number {
  return left + ((index + 0.5) / Math.max(1, count)) * (right - left);
}

/** Translation and rotation over the processed frames, lost ones shaded: an SVG strip of the given width. */
export function previewPlotSvg(records: readonly FrameRecord[], width: number, metric: boolean): string {
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

function drawPlot(records: readonly FrameRecord[], box: PlotBox, { title, names, first }: PlotText): string {
  const values = records.flatMap(({ velocity }) => velocity?.slice(first, first + 3) ?? []);
  const reach = 1.08 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
  const y = (value: number): number =>
    px((box.top + box.bottom) / 2 - ((box.bottom - box.top) / 2) * (value / reach));
  const lines = [0, 1, 2].map((k) =>
    drawComponent(records, box, { y, index: first + k, stroke: COLOURS[k] }),
  );
  const legend = names.map((name, k) =>
    label(name, { x: box.right - 22 * (3 - k), y: box.top - 8, 'font-size': 11, fill: COLOURS[k] }),
  );
  const heading = label(title, { x: box.left, y: box.top - 8, 'font-size': 11, fill: TEXT });
  return drawLost(records, box) + drawGrid(box, reach, y) + lines.join('') + heading + legend.join('');
}

function drawGrid(box: PlotBox, reach: number, y: (value: number) => number): string {
  return ticks(-reach, reach, 4)
    .map((value) => {
      const line = { x1: box.left, x2: box.right, y1: y(value), y2: y(value), stroke: '#cbd5e0' };
      const text = {
        x: box.left - 5,
        y: y(value) + 3.5,
        'text-anchor': 'end',
        'font-size': 10,
        fill: '#4a5568',
      };
      return element('line', line) + label(tickText(value), text);
    })
    .join('');
}

function drawLost(records: readonly FrameRecord[], box: PlotBox): string {
  const half = (box.right - box.left) / Math.max(1, records.length) / 2;
  return runs(records, ({ velocity }) => velocity === null)
    .map(([from, to]) => {
      const x = columnOf(box, from, records.length) - half;
      const width = columnOf(box, to, records.length) + half - x;
      const place = { x: px(x), y: box.top, width: px(width), height: box.bottom - box.top };
      return element('rect', { ...place, fill: '#feebc8' });
    })
    .join('');
}

function drawComponent(
  records: readonly FrameRecord[],
  box: PlotBox,
  {
    y,
    index,
    stroke,
  }: { readonly y: (value: number) => number; readonly index: number; readonly stroke: string },
): string {
  return runs(records, ({ velocity }) => velocity !== null)
    .map(([from, to]) => {
      const points = records
        .slice(from, to + 1)
        .map(
          ({ velocity }, k) => `${px(columnOf(box, from + k, records.length))},${y(velocity?.[index] ?? 0)}`,
        );
      const line = points.length === 1 ? [...points, ...points] : points;
      return element('polyline', {
        points: line.join(' '),
        fill: 'none',
        stroke,
        'stroke-width': 1.5,
        'stroke-linecap': 'round',
      });
    })
    .join('');
}
