import type { FrameMatches } from '../frame-record.js';
import { element, label, px } from './svg.js';

/** The two pictures that stand side by side, and the strip below them. */
export interface SideBySide {
  readonly goal: { readonly width: number; readonly height: number };
  readonly current: { readonly width: number; readonly height: number };
  /** Pixels between the two. */
  readonly gap: number;
  /** Height of the caption strip. */
  readonly caption: number;
}

/** Lines above this number hide the picture; the strip still says how many there were. */
const MOST_LINES = 150;

/** Hue by position in the goal picture, so that neighbouring matches look alike and a wrong one stands out. */
function colourOf(x: number, y: number, { goal: { width, height } }: SideBySide): string {
  const angle = (Math.atan2(y - height / 2, x - width / 2) * 180) / Math.PI + 180;
  return `hsl(${Math.round(angle)},85%,50%)`;
}

/** Matches between goal (left) and current frame (right) as an SVG layer over both pictures. */
export function matchOverlaySvg(matches: FrameMatches, layout: SideBySide): string {
  const count = matches.goal.length / 2;
  const offset = layout.goal.width + layout.gap;
  const bottom = Math.max(layout.goal.height, layout.current.height);
  const stride = Math.max(1, Math.ceil(count / MOST_LINES));
  const shapes: string[] = [];
  for (let index = 0; index < count; index += stride) {
    const [gx, gy] = [matches.goal[2 * index], matches.goal[2 * index + 1]];
    const [cx, cy] = [matches.current[2 * index] + offset, matches.current[2 * index + 1]];
    const stroke = colourOf(gx, gy, layout);
    shapes.push(
      element('line', {
        x1: px(gx),
        y1: px(gy),
        x2: px(cx),
        y2: px(cy),
        stroke,
        'stroke-width': 1,
        'stroke-opacity': 0.75,
      }),
      element('circle', { cx: px(gx), cy: px(gy), r: 2.6, fill: 'none', stroke, 'stroke-width': 1.4 }),
      element('circle', { cx: px(cx), cy: px(cy), r: 2.6, fill: 'none', stroke, 'stroke-width': 1.4 }),
    );
  }
  const total = offset + layout.current.width;
  const strip = element('rect', {
    x: 0,
    y: bottom,
    width: total,
    height: layout.caption,
    fill: '#1a202c',
  });
  const text = { y: bottom + 20, 'font-size': 14, fill: '#f7fafc' };
  const captions =
    label('goal', { x: 10, ...text }) +
    label(`frame ${matches.frame} — ${matches.inliers} of ${matches.matches} matches agree`, {
      x: offset + 10,
      ...text,
    });
  const height = bottom + layout.caption;
  return element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', width: total, height },
    shapes.join('') + strip + captions,
  );
}
