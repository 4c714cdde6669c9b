import type { FrameRecord } from '../frame-record.js';
import { element, label, px, ticks, tickText } from './svg.js';

const WIDTH = 960;
const LEFT = 84;
const RIGHT = 150;
const TOP = 88;
const PANEL_HEIGHT = 190;
const PANEL_GAP = 44;
const COLOURS = ['#d1495b', '#2e8b57', '#2b6cb0'];
const GREY = '#4a5568';

interface Series {
  readonly name: string;
  readonly colour: string;
  readonly value: (frame: FrameRecord) => number | null;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

/** What the head of the plot says. */
export interface VelocityPlotOptions {
  readonly title: string;
  readonly subtitle: string;
  /** Whether translation is metric: without a goal distance it is in goal distances a second. */
  readonly metric: boolean;
}

const component = (name: string, index: number, colour: string): Series => ({
  name,
  colour,
  value: (frame) => frame.velocity?.[index] ?? null,
});

function panelsOf({ metric }: VelocityPlotOptions): readonly Panel[] {
  return [
    {
      title: 'Translation',
      unit: metric ? 'm/s' : 'goal distances/s',
      series: ['vx', 'vy', 'vz'].map((name, index) => component(name, index, COLOURS[index])),
    },
    {
      title: 'Rotation',
      unit: 'rad/s',
      series: ['ωx', 'ωy', 'ωz'].map((name, index) => component(name, index + 3, COLOURS[index])),
    },
    {
      title: 'Feature error',
      unit: 'normalised',
      series: [{ name: 'error', colour: GREY, value: (frame) => frame.featureError }],
    },
  ];
}

/** Smallest range that holds 0 and all values, a little wider than them. */
function rangeOf(values: readonly number[]): [number, number] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const margin = (high - low || 1) * 0.08;
  return [low < 0 ? low - margin : low, high > 0 ? high + margin : high || 1];
}

/** Consecutive frames for which `test` holds, as index pairs. */
function runs(frames: readonly FrameRecord[], test: (frame: FrameRecord) => boolean): [number, number][] {
  const found: [number, number][] = [];
  frames.forEach((frame, index) => {
    if (!test(frame)) return;
    const last = found.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else found.push([index, index]);
  });
  return found;
}

function drawPanel(
  panel: Panel,
  frames: readonly FrameRecord[],
  top: number,
  x: (index: number) => number,
): string {
  const values = panel.series
    .flatMap(({ value }) => frames.map(value))
    .filter((value): value is number => value !== null);
  // Spreading a very long series would overflow the stack.
  const extremes = values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [0, 0],
  );
  const [low, high] = rangeOf(extremes);
  const y = (value: number) => px(top + PANEL_HEIGHT * (1 - (value - low) / (high - low)));
  const right = WIDTH - RIGHT;
  const frame = element('rect', {
    x: LEFT,
    y: top,
    width: right - LEFT,
    height: PANEL_HEIGHT,
    fill: 'none',
    stroke: '#cbd5e0',
  });
  const grid = ticks(low, high, 5).map(
    (value) =>
      element('line', {
        x1: LEFT,
        x2: right,
        y1: y(value),
        y2: y(value),
        stroke: value === 0 ? '#718096' : '#e2e8f0',
      }) +
      label(tickText(value), {
        x: LEFT - 8,
        y: y(value) + 4,
        'text-anchor': 'end',
        'font-size': 11,
        fill: GREY,
      }),
  );
  const lines = panel.series.map((series, index) => {
    const segments = runs(frames, (record) => series.value(record) !== null).map(([from, to]) => {
      const points = frames
        .slice(from, to + 1)
        .map((record, offset) => `${x(from + offset)},${y(series.value(record) ?? 0)}`);
      if (points.length === 1) points.push(points[0]);
      return element('polyline', {
        points: points.join(' '),
        fill: 'none',
        stroke: series.colour,
        'stroke-width': 1.8,
        'stroke-linecap': 'round',
      });
    });
    const legendY = top + 18 + index * 20;
    const mark = element('line', {
      x1: right + 16,
      x2: right + 40,
      y1: legendY - 4,
      y2: legendY - 4,
      stroke: series.colour,
      'stroke-width': 3,
    });
    return (
      segments.join('') +
      mark +
      label(series.name, { x: right + 48, y: legendY, 'font-size': 13, fill: '#1a202c' })
    );
  });
  const heading = label(`${panel.title} [${panel.unit}]`, {
    x: LEFT,
    y: top - 8,
    'font-size': 13,
    'font-weight': 'bold',
    fill: '#1a202c',
  });
  return heading + grid.join('') + frame + lines.join('');
}

/**
 * The six velocity components and the feature error over the processed frames, lost frames shaded.
 * @returns a standalone SVG document.
 */
export function velocityPlotSvg(frames: readonly FrameRecord[], options: VelocityPlotOptions): string {
  const panels = panelsOf(options);
  const height = TOP + panels.length * (PANEL_HEIGHT + PANEL_GAP) + 16;
  const right = WIDTH - RIGHT;
  const x = (index: number) => px(LEFT + ((index + 0.5) / Math.max(frames.length, 1)) * (right - LEFT));
  const half = (right - LEFT) / Math.max(frames.length, 1) / 2;
  const bottom = TOP + panels.length * (PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP;
  const lost = runs(frames, (frame) => frame.velocity === null).map(([from, to]) =>
    element('rect', {
      x: px(x(from) - half),
      y: TOP,
      width: px(x(to) - x(from) + 2 * half),
      height: bottom - TOP,
      fill: '#feebc8',
    }),
  );
  const reached = frames.findIndex((frame) => frame.goalReached);
  const goal =
    reached < 0
      ? ''
      : element('line', {
          x1: x(reached),
          x2: x(reached),
          y1: TOP,
          y2: bottom,
          stroke: '#805ad5',
          'stroke-dasharray': '5 4',
        }) +
        label('goal reached', {
          x: x(reached) - 4,
          y: bottom - 8,
          'text-anchor': 'end',
          'font-size': 11,
          fill: '#805ad5',
        });
  const axis = ticks(0, Math.max(frames.length - 1, 1), 10)
    .filter((index) => Number.isInteger(index) && index < frames.length)
    .map((index) =>
      label(String(frames[index].frame), {
        x: x(index),
        y: bottom + 18,
        'text-anchor': 'middle',
        'font-size': 11,
        fill: GREY,
      }),
    );
  const heading =
    label(options.title, { x: LEFT, y: 24, 'font-size': 17, 'font-weight': 'bold', fill: '#1a202c' }) +
    label(options.subtitle, { x: LEFT, y: 43, 'font-size': 12, fill: GREY });
  const body = panels.map((panel, index) =>
    drawPanel(panel, frames, TOP + index * (PANEL_HEIGHT + PANEL_GAP), x),
  );
  const legend =
    lost.length === 0
      ? ''
      : element('rect', {
          x: right + 16,
          y: bottom - 26,
          width: 24,
          height: 14,
          fill: '#feebc8',
          stroke: '#ed8936',
        }) + label('lost', { x: right + 48, y: bottom - 14, 'font-size': 13, fill: '#1a202c' });
  const foot = label('frame of the current video', {
    x: (LEFT + right) / 2,
    y: bottom + 36,
    'text-anchor': 'middle',
    'font-size': 12,
    fill: GREY,
  });
  const background = element('rect', { width: WIDTH, height, fill: '#ffffff' });
  const content = background + lost.join('') + body.join('') + goal + axis.join('') + foot + legend + heading;
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` },
    content,
  );
}
