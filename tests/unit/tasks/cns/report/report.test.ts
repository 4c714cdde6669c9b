import type { FrameRecord } from '../../../../../src/servoing/frame-record.js';
import { ImageSelection } from '../../../../../src/tasks/cns/image-selection.js';
import { velocitiesCsv } from '../../../../../src/tasks/cns/report/velocities-csv.js';
import { velocityPlotSvg } from '../../../../../src/tasks/cns/report/velocity-plot.js';

const record = (
  frame: number,
  velocity: FrameRecord['velocity'],
  status: FrameRecord['status'] = velocity ? 'tracking' : 'lost',
): FrameRecord => ({
  frame,
  timeSeconds: frame / 25,
  velocity,
  status,
  reason: velocity ? null : 'TOO_FEW_MATCHES',
  keypoints: 100,
  matches: 50,
  inliers: velocity ? 40 : 0,
  model: velocity ? 'fundamental' : 'none',
  featureError: velocity ? 0.1 : null,
  confidence: velocity ? 0.9 : 0,
  goalReached: false,
  timingsMs: { detect: 1, match: 1, network: 1 },
});

const frames = [
  record(0, [1, 0, 0, 0, 0, 0]),
  record(1, [0.5, 0, 0, 0, 0, 0]),
  record(2, null),
  record(3, null),
  record(4, [0, 0, 0, 0, 0, 0.5]),
];

describe('velocity plot', () => {
  const svg = velocityPlotSvg(frames, { title: 'a < b & "c"', subtitle: 's', metric: true });

  it('user text is escaped', () => {
    expect(svg).toContain('a &lt; b &amp; &quot;c&quot;');
  });

  it('lines stop where tracking was lost, and that stretch is shaded once', () => {
    const red = [...svg.matchAll(/<path d="([^"]+)"[^>]*stroke="#d1495b"/g)].map((match) => match[1]);
    // vx and ωx, each before and after the gap; a single point closes itself, so that its round cap shows.
    expect(red).toEqual(Array(2).fill(expect.stringMatching(/^M[\d.,]+L[\d.,]+M[\d.,]+Z$/)));
    expect(svg.match(/<rect[^>]*fill="#feebc8"(?![^>]*stroke)/g)).toHaveLength(1);
  });

  it('weak stretches keep their lines on a ground of their own, which the legend names', () => {
    const moved = record(1, [0.5, 0, 0, 0, 0, 0], 'weak');
    const weak = velocityPlotSvg([frames[0], moved, moved, frames[4]], {
      title: '',
      subtitle: '',
      metric: true,
    });
    expect(weak.match(/<rect[^>]*fill="#fefcbf"(?![^>]*stroke)/g)).toHaveLength(1);
    expect(weak).toContain('>weak<');
    expect(weak).not.toContain('>lost<');
    const [red] = [...weak.matchAll(/<path d="([^"]+)"[^>]*stroke="#d1495b"/g)].map((match) => match[1]);
    expect(red).toMatch(/^M[^M]*$/);
  });

  it('larger values are drawn higher', () => {
    const [, one, half] = (/<path d="M[\d.]+,([\d.]+)L[\d.]+,([\d.]+)/.exec(svg) ?? []).map(Number);
    expect(one).toBeGreaterThan(0);
    expect(one).toBeLessThan(half);
  });

  it('units follow the goal distance', () => {
    expect(svg).toContain('[m/s]');
    expect(velocityPlotSvg(frames, { title: '', subtitle: '', metric: false })).toContain(
      '[goal distances/s]',
    );
  });

  it('a long series is drawn with few points, its extremes and its gaps among them', () => {
    const long = Array.from({ length: 20_000 }, (_, index) => {
      if (index >= 10_000 && index < 12_000) return record(index, null);
      return record(index, [index === 5_000 ? 1 : 0, 0, 0, 0, 0, 0]);
    });
    const plot = velocityPlotSvg(long, { title: '', subtitle: '', metric: true });
    const [red] = [...plot.matchAll(/<path d="([^"]+)"[^>]*stroke="#d1495b"/g)].map((match) => match[1]);
    const heights = [...red.matchAll(/[ML][\d.]+,([\d.]+)/g)].map(([, y]) => Number(y));
    expect(heights.length).toBeLessThan(2_000);
    expect(heights.filter((y) => y === Math.min(...heights))).toHaveLength(1);
    expect(red.match(/M/g)).toHaveLength(2);
  });

  it('a job without any tracked frame still gives a plot', () => {
    const empty = velocityPlotSvg([record(0, null)], { title: '', subtitle: '', metric: true });
    expect(empty).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('report', () => {
  it.each([
    [true, 'm_per_s'],
    [false, 'goal_distances_per_s'],
  ])('the table names units and has one line a frame, metric %s', (metric, translation) => {
    const [header, ...lines] = velocitiesCsv(frames, metric).trimEnd().split('\r\n');
    expect(header.split(',').slice(2, 8)).toEqual([
      ...['vx', 'vy', 'vz'].map((axis) => `camera_${axis}_${translation}`),
      ...['wx', 'wy', 'wz'].map((axis) => `camera_${axis}_rad_per_s`),
    ]);
    expect(lines).toHaveLength(frames.length);
    expect(lines.every((line) => line.split(',').length === header.split(',').length)).toBe(true);
    // Tracking was lost there: no velocity is not a velocity of 0.
    expect(lines[2].split(',').slice(2, 8)).toEqual(['', '', '', '', '', '']);
  });

  it('the last column says how far a frame can be relied on', () => {
    const weak = record(5, [0, 0, 0, 0, 0, 0.5], 'weak');
    const [header, ...lines] = velocitiesCsv([...frames.slice(0, 3), weak], true)
      .trimEnd()
      .split('\r\n');
    const last = (line: string): string | undefined => line.split(',').at(-1);
    expect(last(header)).toBe('status');
    expect(lines.map(last)).toEqual(['tracking', 'tracking', 'lost', 'weak']);
  });
});

describe('images of a report', () => {
  const chosen = (total: number): number[] => {
    const selection = ImageSelection.spread(total);
    const none = new Float32Array();
    for (let n = 0; n < total; n += 1)
      selection.offer(n, () => ({ frame: n, goal: none, current: none, inliers: 0, matches: 0 }));
    return selection.chosen.map(({ frame }) => frame);
  };

  it('at most twelve, first and last included, evenly spread', () => {
    const frames = chosen(1000);
    expect(frames).toHaveLength(12);
    expect([frames[0], frames[11]]).toEqual([0, 999]);
    const gaps = frames.slice(1).map((frame, index) => frame - frames[index]);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  });

  it('short jobs show every frame once', () => {
    expect(chosen(1)).toEqual([0]);
    expect(chosen(5)).toEqual([0, 1, 2, 3, 4]);
  });
});
