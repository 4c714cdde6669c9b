import type { FrameRecord } from '../../../servoing/frame-record.js';
import { runs } from './frame-runs.js';
import { element, label, px, ticks, tickText } from '../../drawing/svg.js';

const WIDTH = 960;
const LEFT = 84;
const RIGHT = 150;
const TOP = 88;
const PANEL_HEIGHT = 190;
const PANEL_GAP = 44;
const COLOURS = ['#d1495b', '#2e8b57', '#2b6cb0'];
const GREY = '#4a5568';
const LOST = '#feebc8';
const GOAL = '#805ad5';

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

/** A little more than `low` (at most 0) to `high` (at least 0), never empty. */
function rangeOf([low, high]: readonly [number, number]): [number, number] {
  const margin = (high - low || 1) * 0.08;
  return [low < 0 ? low - margin : low, high > 0 ? high + margin : high || 1];
}

/** Where things are drawn: maps from frames and values to pixels. */
interface PanelScale {
  readonly top: number;
  readonly low: number;
  readonly high: number;
  x(index: number): number;
  y(value: number): number;
}

const RIGHT_EDGE = WIDTH - RIGHT;
const TEXT = '#1a202c';

function scaleOf(panel: Panel, frames: readonly FrameRecord[], top: number): PanelScale {
  const values = panel.series.flatMap(({ value }) => frames.map(value)).filter((value) => value !== null);
  // Spreading a very long series into Math.min would overflow the stack.
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  const [from, to] = rangeOf([low, high]);
  const y = (value: number) => px(top + PANEL_HEIGHT * (1 - (value - from) / (to - from)));
  return { top, low: from, high: to, x: (index) => frameX(index, frames.length), y };
}

function frameX(index: number, count: number): number {
  return px(LEFT + ((index + 0.5) / Math.max(count, 1)) * (RIGHT_EDGE - LEFT));
}

function drawGrid({ top, low, high, y }: PanelScale): string {
  const lines = ticks(low, high, 5).map((value) => {
    const line = {
      x1: LEFT,
      x2: RIGHT_EDGE,
      y1: y(value),
      y2: y(value),
      stroke: value === 0 ? '#718096' : '#e2e8f0',
    };
    const text = { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end', 'font-size': 11, fill: GREY };
    return element('line', line) + label(tickText(value), text);
  });
  const box = {
    x: LEFT,
    y: top,
    width: RIGHT_EDGE - LEFT,
    height: PANEL_HEIGHT,
    fill: 'none',
    stroke: '#cbd5e0',
  };
  return lines.join('') + element('rect', box);
}

/** The series as lines that stop where there is no value; a single point shows as a dot. */
function drawSeries({ value, colour }: Series, frames: readonly FrameRecord[], { x, y }: PanelScale): string {
  const style = { fill: 'none', stroke: colour, 'stroke-width': 1.8, 'stroke-linecap': 'round' };
  return runs(frames, (record) => value(record) !== null)
    .map(([from, to]) => {
      const points = frames
        .slice(from, to + 1)
        .map((record, offset) => `${x(from + offset)},${y(value(record) ?? 0)}`);
      if (points.length === 1) points.push(points[0]);
      return element('polyline', { points: points.join(' '), ...style });
    })
    .join('');
}

function drawLegend({ name, colour }: Series, y: number): string {
  const mark = {
    x1: RIGHT_EDGE + 16,
    x2: RIGHT_EDGE + 40,
    y1: y - 4,
    y2: y - 4,
    stroke: colour,
    'stroke-width': 3,
  };
  return element('line', mark) + label(name, { x: RIGHT_EDGE + 48, y, 'font-size': 13, fill: TEXT });
}

function drawPanel(panel: Panel, frames: readonly FrameRecord[], top: number): string {
  const scale = scaleOf(panel, frames, top);
  const heading = { x: LEFT, y: top - 8, 'font-size': 13, 'font-weight': 'bold', fill: TEXT };
  const series = panel.series.map(
    (one, index) => drawSeries(one, frames, scale) + drawLegend(one, top + 18 + index * 20),
  );
  return label(`${panel.title} [${panel.unit}]`, heading) + drawGrid(scale) + series.join('');
}

function drawLost(frames: readonly FrameRecord[], bottom: number): string {
  const half = (RIGHT_EDGE - LEFT) / Math.max(frames.length, 1) / 2;
  const lost = runs(frames, ({ velocity }) => velocity === null);
  if (lost.length === 0) return '';
  const stretches = lost.map(([from, to]) => {
    const left = frameX(from, frames.length) - half;
    const width = frameX(to, frames.length) + half - left;
    return element('rect', { x: px(left), y: TOP, width: px(width), height: bottom - TOP, fill: LOST });
  });
  const mark = { x: RIGHT_EDGE + 16, y: bottom - 26, width: 24, height: 14, fill: LOST, stroke: '#ed8936' };
  const text = { x: RIGHT_EDGE + 48, y: bottom - 14, 'font-size': 13, fill: TEXT };
  return stretches.join('') + element('rect', mark) + label('lost', text);
}

function drawGoal(frames: readonly FrameRecord[], bottom: number): string {
  const reached = frames.findIndex(({ goalReached }) => goalReached);
  if (reached < 0) return '';
  const x = frameX(reached, frames.length);
  const line = { x1: x, x2: x, y1: TOP, y2: bottom, stroke: GOAL, 'stroke-dasharray': '5 4' };
  const text = { x: x - 4, y: bottom - 8, 'text-anchor': 'end', 'font-size': 11, fill: GOAL };
  return element('line', line) + label('goal reached', text);
}

function drawFrameAxis(frames: readonly FrameRecord[], bottom: number): string {
  const numbers = ticks(0, Math.max(frames.length - 1, 1), 10)
    .filter((index) => Number.isInteger(index) && index < frames.length)
    .map((index) => {
      const place = { x: frameX(index, frames.length), y: bottom + 18, 'text-anchor': 'middle' };
      return label(String(frames[index].frame), { ...place, 'font-size': 11, fill: GREY });
    });
  const middle = { x: (LEFT + RIGHT_EDGE) / 2, y: bottom + 36, 'text-anchor': 'middle' };
  return numbers.join('') + label('frame of the current video', { ...middle, 'font-size': 12, fill: GREY });
}

function drawHeading({ title, subtitle }: VelocityPlotOptions): string {
  const main = { x: LEFT, y: 26, 'font-size': 17, 'font-weight': 'bold', fill: TEXT };
  return label(title, main) + label(subtitle, { x: LEFT, y: 46, 'font-size': 12, fill: GREY });
}

/**
 * The six velocity components and the feature error over the processed frames, lost frames shaded.
 * @returns a standalone SVG document.
 */
export function velocityPlotSvg(frames: readonly FrameRecord[], options: VelocityPlotOptions): string {
  const panels = panelsOf(options);
  const pitch = PANEL_HEIGHT + PANEL_GAP;
  const height = TOP + panels.length * pitch + 16;
  const bottom = TOP + panels.length * pitch - PANEL_GAP;
  const content = [
    element('rect', { width: WIDTH, height, fill: '#ffffff' }),
    drawLost(frames, bottom),
    ...panels.map((panel, index) => drawPanel(panel, frames, TOP + index * pitch)),
    drawGoal(frames, bottom),
    drawFrameAxis(frames, bottom),
    drawHeading(options),
  ];
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  return element('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size }, content.join(''));
}
