import { element, label, px } from '../../../src/tasks/drawing/svg.js';
import type { Reliability } from './reliability.js';

/** One curve of the plot. */
export interface ReliabilityCurve {
  readonly name: string;
  readonly colour: string;
  readonly reliability: Reliability;
}

const SIDE = 300;
const LEFT = 62;
const TOP = 56;
const GAP = 70;
const BOTTOM = 96;
/** Ranges with fewer frames say little: they are shown pale, and the line passes them by. */
const FEW_FRAMES = 5;
const TEXT = '#1a202c';
const GREY = '#718096';

/** Stated probability against the share that came true, a panel for each group of curves; a standalone SVG document. */
export function reliabilitySvg(
  title: string,
  panels: readonly { readonly name: string; readonly curves: readonly ReliabilityCurve[] }[],
): string {
  const width = LEFT + panels.length * (SIDE + GAP);
  const height = TOP + SIDE + BOTTOM;
  const content = panels.map(({ name, curves }, k) => drawPanel(name, curves, LEFT + k * (SIDE + GAP)));
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...size },
    element('rect', { width, height, fill: '#ffffff' }) +
      label(title, { x: LEFT, y: 24, 'font-size': 15, 'font-weight': 'bold', fill: TEXT }) +
      content.join(''),
  );
}

function drawPanel(name: string, curves: readonly ReliabilityCurve[], left: number): string {
  const x = (value: number): number => left + value * SIDE;
  const y = (value: number): number => TOP + (1 - value) * SIDE;
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (value) =>
      element('line', { x1: left, x2: left + SIDE, y1: y(value), y2: y(value), stroke: '#e2e8f0' }) +
      label(value.toFixed(1), {
        x: left - 6,
        y: y(value) + 4,
        'text-anchor': 'end',
        'font-size': 11,
        fill: GREY,
      }) +
      label(value.toFixed(1), {
        x: x(value),
        y: TOP + SIDE + 16,
        'text-anchor': 'middle',
        'font-size': 11,
        fill: GREY,
      }),
  );
  const diagonal = { x1: x(0), y1: y(0), x2: x(1), y2: y(1), stroke: GREY, 'stroke-dasharray': '5 4' };
  return [
    label(name, { x: left, y: TOP - 10, 'font-size': 13, 'font-weight': 'bold', fill: TEXT }),
    ...ticks,
    element('line', diagonal),
    element('rect', { x: left, y: TOP, width: SIDE, height: SIDE, fill: 'none', stroke: '#cbd5e0' }),
    ...curves.map((curve, k) => drawCurve(curve, { x, y, row: k })),
    label('stated confidence', {
      x: left + SIDE / 2,
      y: TOP + SIDE + 36,
      'text-anchor': 'middle',
      'font-size': 12,
      fill: GREY,
    }),
    label('share within 30°', {
      ...{ x: left - 40, y: TOP + SIDE / 2, 'text-anchor': 'middle', 'font-size': 12, fill: GREY },
      transform: `rotate(-90 ${left - 40} ${TOP + SIDE / 2})`,
    }),
  ].join('');
}

interface CurvePlace {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly row: number;
}

function drawCurve({ name, colour, reliability }: ReliabilityCurve, { x, y, row }: CurvePlace): string {
  const { bins, count } = reliability;
  const path = bins
    .filter((bin) => bin.count >= FEW_FRAMES)
    .map(({ stated, observed }) => `${px(x(stated))},${px(y(observed))}`)
    .join(' ');
  const marks = bins.map(({ stated, observed, interval: [low, high], count: own }) => {
    const bar = {
      x1: x(stated),
      x2: x(stated),
      y1: px(y(low)),
      y2: px(y(high)),
      stroke: colour,
      opacity: own < FEW_FRAMES ? 0.25 : 0.6,
    };
    const radius = px(2 + Math.sqrt((20 * own) / Math.max(1, count)));
    return (
      element('line', bar) +
      element('circle', {
        cx: px(x(stated)),
        cy: px(y(observed)),
        r: radius,
        fill: colour,
        opacity: own < FEW_FRAMES ? 0.4 : 1,
      })
    );
  });
  const legendY = y(0) + 58 + 18 * row;
  const legend = label(`${name}, ${count} frames`, {
    x: x(0),
    y: legendY,
    'font-size': 12,
    fill: colour,
  });
  return (
    element('polyline', { points: path, fill: 'none', stroke: colour, 'stroke-width': 1.5 }) +
    marks.join('') +
    legend
  );
}
