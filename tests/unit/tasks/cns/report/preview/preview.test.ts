import type { FrameRecord } from '../../../../../../src/servoing/frame-record.js';
import {
  drawPreviewFrame,
  previewHeight,
  previewImageSize,
  PREVIEW_WIDTH,
  type PreviewStage,
} from '../../../../../../src/tasks/cns/report/preview/preview-frame.js';
import { planPreview } from '../../../../../../src/tasks/cns/report/preview/preview-plan.js';
import { previewPlotSvg } from '../../../../../../src/tasks/cns/report/preview/preview-plot.js';
import { captionOf } from '../../../../../../src/tasks/cns/report/preview/preview-texts.js';
import { RgbCanvas } from '../../../../../../src/tasks/drawing/rgb-canvas.js';

const record = (frame: number, tracked: boolean): FrameRecord => ({
  frame,
  timeSeconds: frame / 25,
  velocity: tracked ? [0.1, 0, 0, 0, 0, 0.2] : null,
  status: tracked ? 'tracking' : 'lost',
  reason: tracked ? null : 'TOO_FEW_INLIERS',
  keypoints: 100,
  matches: 50,
  inliers: tracked ? 40 : 0,
  model: tracked ? 'fundamental' : 'none',
  featureError: tracked ? 0.1 : null,
  confidence: tracked ? 0.9 : 0,
  goalReached: false,
  timingsMs: { detect: 1, match: 1, network: 1 },
});

const pixel = (canvas: RgbCanvas, x: number, y: number): number[] =>
  Array.from(canvas.data.subarray(3 * (y * canvas.width + x), 3 * (y * canvas.width + x) + 3));

describe('preview', () => {
  it.each([
    [1, 0.04],
    [80, 0.04],
    [81, 0.04],
    [100_000, 0.04],
  ])('of %i frames is short and shows the first one', (total, seconds) => {
    const { stride, count, fps } = planPreview(total, seconds);
    expect(count).toBeLessThanOrEqual(80);
    // Exactly the frames that a stream with this step gives.
    expect(count).toBe(Array.from({ length: total }, (_, i) => i).filter((i) => i % stride === 0).length);
    expect(fps).toBeGreaterThanOrEqual(6);
    expect(fps).toBeLessThanOrEqual(25);
  });

  it('runs at the pace of a short clip', () => {
    expect(planPreview(60, 0.1).fps).toBe(10);
    expect(planPreview(120, 1 / 30).fps).toBe(15);
  });

  it.each([
    [640, 480],
    [1920, 1080],
    [480, 1920],
    [64, 64],
  ])('images of %ix%i fit their half and have even sides', (width, height) => {
    const size = previewImageSize({ width, height });
    expect(size.width).toBeLessThanOrEqual(318);
    expect(size.height).toBeLessThanOrEqual(360);
    expect([size.width % 2, size.height % 2, previewHeight(size.height) % 2]).toEqual([0, 0, 0]);
    expect(Math.abs(size.width / size.height - width / height) / (width / height)).toBeLessThan(0.05);
  });

  it('captions say what was found, or why nothing was', () => {
    expect(captionOf(record(50, true))).toBe('frame 50 · 2.00 s · 40 of 50 matches agree · confidence 0.90');
    expect(captionOf(record(51, false))).toBe('frame 51 · 2.04 s · LOST: too few inliers');
  });

  it('the plot interrupts its lines and shades the stretch where frames were lost', () => {
    const records = [0, 1, 2, 3, 4, 5].map((frame) => record(frame, frame < 2 || frame > 3));
    const svg = previewPlotSvg(records, PREVIEW_WIDTH, true);
    // Six components, each before and after the gap.
    const lines = [...svg.matchAll(/<path d="([^"]+)"/g)].map(([, path]) => path.match(/M/g)?.length);
    expect(lines).toEqual([2, 2, 2, 2, 2, 2]);
    expect(svg.match(/fill="#feebc8"/g)).toHaveLength(2);
    expect(svg).toContain('[m/s]');
    expect(previewPlotSvg(records, PREVIEW_WIDTH, false)).toContain('[goal distances/s]');
  });

  it('a frame shows both images, its own caption, its matches, and a red edge when it is lost', () => {
    const filled = (width: number, height: number, value: number) => ({
      width,
      height,
      data: new Uint8Array(width * height * 3).fill(value),
    });
    const captions = filled(PREVIEW_WIDTH, 48, 10);
    captions.data.fill(200, 24 * PREVIEW_WIDTH * 3);
    const stage: PreviewStage = {
      goal: filled(318, 240, 50),
      imageHeight: 240,
      captions,
      plot: filled(PREVIEW_WIDTH, 150, 255),
      total: 2,
      goalScale: 0.5,
      currentScale: 0.5,
    };
    const canvas = new RgbCanvas(PREVIEW_WIDTH, previewHeight(240));
    const matches = {
      frame: 1,
      goal: Float32Array.of(100, 200),
      current: Float32Array.of(300, 200),
      inliers: 1,
      matches: 1,
    };
    const frame = { shown: 1, position: 1, matches, image: filled(318, 240, 90) };
    drawPreviewFrame(canvas, stage, { ...frame, record: record(1, true) });
    expect(pixel(canvas, 10, 10)).toEqual([50, 50, 50]);
    expect(pixel(canvas, 400, 10)).toEqual([90, 90, 90]);
    expect(pixel(canvas, 300, 250)).toEqual([200, 200, 200]);
    // Ends of the match, in preview pixels: (50, 100), and 150 right of the current image's edge.
    for (const x of [50, 322 + 150]) expect(pixel(canvas, x, 100)).not.toEqual(pixel(canvas, x, 110));
    drawPreviewFrame(canvas, stage, { ...frame, record: record(1, false) });
    const [red, green] = pixel(canvas, 323, 120);
    expect(red).toBeGreaterThan(3 * green);
  });
});
