import type { ReportedFrame } from '../../../servoing/frame-record.js';
import { element, label, px } from '../../drawing/svg.js';
import {
  COMPONENT_COLOURS,
  frameScale,
  seriesLine,
  STATUS_COLOURS,
  statusRanges,
  valueScale,
  type PlotScale,
} from './series-plot.js';

const WIDTH = 960;
const LEFT = 84;
const RIGHT = 150;
const TOP = 88;
const PANEL_HEIGHT = 190;
const PANEL_GAP = 44;
const GREY = '#4a5568';
const GOAL = '#805ad5';
/** Approximate number of grid lines. */
const TICKS = 5;

interface Series {
  readonly name: string;
  readonly colour: string;
  readonly value: (frame: ReportedFrame) => number | null;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

/** Heading and units of the plot. */
export interface VelocityPlotOptions {
  readonly title: string;
  readonly subtitle: string;
  /** Whether translation is in m/s; otherwise in goal distances per second. */
  readonly metric: boolean;
  /** Label of the horizontal axis; frames of a video unless given. */
  readonly axis?: string;
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
      series: ['vx', 'vy', 'vz'].map((name, index) => component(name, index, COMPONENT_COLOURS[index])),
    },
    {
      title: 'Rotation',
      unit: 'rad/s',
      series: ['ωx', 'ωy', 'ωz'].map((name, index) => component(name, index + 3, COMPONENT_COLOURS[index])),
    },
    {
      title: 'Feature error',
      unit: 'normalised',
      series: [{ name: 'error', colour: GREY, value: (frame) => frame.featureError }],
    },
  ];
}

const RIGHT_EDGE = WIDTH - RIGHT;
const TEXT = '#1a202c';

/** Scales of a panel from frames and values to pixels. */
interface PanelScale {
  readonly top: number;
  readonly x: PlotScale;
  readonly y: PlotScale;
}

function scaleOf(panel: Panel, frames: readonly ReportedFrame[], top: number): PanelScale {
  const values = panel.series.flatMap(({ value }) => frames.map(value)).filter((value) => value !== null);
  // Math.min(...values) would overflow the stack for a very long series.
  const low = values.reduce((least, value) => Math.min(least, value), 0);
  const high = values.reduce((most, value) => Math.max(most, value), 0);
  return { top, x: columnsOf(frames), y: valueScale([low, high], [top, top + PANEL_HEIGHT]) };
}

const columnsOf = (frames: readonly ReportedFrame[]): PlotScale =>
  frameScale(frames.length, [LEFT, RIGHT_EDGE]);

function drawGrid({ top, y }: PanelScale): string {
  const textOf = y.tickFormat(TICKS);
  const lines = y.ticks(TICKS).map((value) => {
    const height = px(y(value));
    const stroke = value === 0 ? '#718096' : '#e2e8f0';
    const text = { x: LEFT - 8, y: height + 4, 'text-anchor': 'end', 'font-size': 11, fill: GREY };
    return (
      element('line', { x1: LEFT, x2: RIGHT_EDGE, y1: height, y2: height, stroke }) +
      label(textOf(value), text)
    );
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

function drawLegend({ name, colour }: Pick<Series, 'name' | 'colour'>, y: number): string {
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

function drawPanel(panel: Panel, frames: readonly ReportedFrame[], top: number): string {
  const scale = scaleOf(panel, frames, top);
  const heading = { x: LEFT, y: top - 8, 'font-size': 13, 'font-weight': 'bold', fill: TEXT };
  const { x, y } = scale;
  const series = panel.series.map(
    ({ name, colour, value }, index) =>
      seriesLine(frames, value, { x, y, stroke: colour, width: 1.8 }) +
      drawLegend({ name, colour }, top + 18 + index * 20),
  );
  return label(`${panel.title} [${panel.unit}]`, heading) + drawGrid(scale) + series.join('');
}

/** Grounds of lost and weak frames, and a legend of those that there are. */
function drawStatus(frames: readonly ReportedFrame[], bottom: number): string {
  const legends = (['lost', 'weak'] as const)
    .filter((wanted) => frames.some(({ status }) => status === wanted))
    .map((name, row) => {
      const y = bottom - 26 - 20 * row;
      const mark = { x: RIGHT_EDGE + 16, y, width: 24, height: 14 };
      const text = { x: RIGHT_EDGE + 48, y: y + 12, 'font-size': 13, fill: TEXT };
      return element('rect', { ...mark, fill: STATUS_COLOURS[name], stroke: '#ed8936' }) + label(name, text);
    });
  return statusRanges(frames, columnsOf(frames), [TOP, bottom]) + legends.join('');
}

function drawGoal(frames: readonly ReportedFrame[], bottom: number): string {
  const reached = frames.findIndex(({ goalReached }) => goalReached);
  if (reached < 0) return '';
  const x = px(columnsOf(frames)(reached));
  const line = { x1: x, x2: x, y1: TOP, y2: bottom, stroke: GOAL, 'stroke-dasharray': '5 4' };
  const text = { x: x - 4, y: bottom - 8, 'text-anchor': 'end', 'font-size': 11, fill: GOAL };
  return element('line', line) + label('goal reached', text);
}

function drawFrameAxis(frames: readonly ReportedFrame[], bottom: number, axis?: string): string {
  const x = columnsOf(frames);
  const numbers = x
    .ticks(10)
    .filter((index) => index in frames)
    .map((index) => {
      const place = { x: px(x(index)), y: bottom + 18, 'text-anchor': 'middle' };
      return label(String(frames[index].frame), { ...place, 'font-size': 11, fill: GREY });
    });
  const middle = { x: (LEFT + RIGHT_EDGE) / 2, y: bottom + 36, 'text-anchor': 'middle' };
  return (
    numbers.join('') + label(axis ?? 'frame of the current video', { ...middle, 'font-size': 12, fill: GREY })
  );
}

function drawHeading({ title, subtitle }: VelocityPlotOptions): string {
  const main = { x: LEFT, y: 26, 'font-size': 17, 'font-weight': 'bold', fill: TEXT };
  return label(title, main) + label(subtitle, { x: LEFT, y: 46, 'font-size': 12, fill: GREY });
}

/**
 * Plots the six velocity components and the feature error over the processed frames, lost and weak frames shaded.
 * @returns a standalone SVG document
 */
export function velocityPlotSvg(frames: readonly ReportedFrame[], options: VelocityPlotOptions): string {
  const panels = panelsOf(options);
  const pitch = PANEL_HEIGHT + PANEL_GAP;
  const height = TOP + panels.length * pitch + 16;
  const bottom = TOP + panels.length * pitch - PANEL_GAP;
  const content = [
    element('rect', { width: WIDTH, height, fill: '#ffffff' }),
    drawStatus(frames, bottom),
    ...panels.map((panel, index) => drawPanel(panel, frames, TOP + index * pitch)),
    drawGoal(frames, bottom),
    drawFrameAxis(frames, bottom, options.axis),
    drawHeading(options),
  ];
  const size = { width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}` };
  return element('svg', { xmlns: 'http://www.w3.org/2000/svg', ...size }, content.join(''));
}
