import { rasteriseSvg } from '../../../../media/image-codec.js';
import type { FrameRecord } from '../../frame-record.js';
import { element, label } from '../svg.js';
import type { RgbPicture } from './rgb-canvas.js';

/** Height of a caption in pixels. */
export const CAPTION_HEIGHT = 24;
/** Captions that are drawn in one go: one drawing is faster than many, but too tall ones are refused. */
const CAPTIONS_A_SHEET = 100;

/** What is written under a frame. */
export function captionOf(record: FrameRecord): string {
  const start = `frame ${record.frame} · ${record.timeSeconds.toFixed(2)} s · `;
  if (record.velocity === null)
    return `${start}LOST: ${(record.reason ?? 'unknown').toLowerCase().replaceAll('_', ' ')}`;
  const agreement = `${record.inliers} of ${record.matches} matches agree`;
  const reached = record.goalReached ? ' · goal reached' : '';
  return `${start}${agreement} · confidence ${record.confidence.toFixed(2)}${reached}`;
}

/** Captions as pixels, one below the other, each {@link CAPTION_HEIGHT} tall. */
export async function drawCaptions(records: readonly FrameRecord[], width: number): Promise<RgbPicture> {
  const sheets: RgbPicture[] = [];
  for (let start = 0; start < records.length; start += CAPTIONS_A_SHEET)
    sheets.push(await drawSheet(records.slice(start, start + CAPTIONS_A_SHEET), width));
  const data = new Uint8Array(sheets.reduce((sum, sheet) => sum + sheet.data.length, 0));
  let at = 0;
  for (const sheet of sheets) {
    data.set(sheet.data, at);
    at += sheet.data.length;
  }
  return { width, height: records.length * CAPTION_HEIGHT, data };
}

function drawSheet(records: readonly FrameRecord[], width: number): Promise<RgbPicture> {
  const height = records.length * CAPTION_HEIGHT;
  const lines = records.map((record, line) => {
    const fill = record.velocity === null ? '#fc8181' : record.goalReached ? '#9ae6b4' : '#f7fafc';
    return label(captionOf(record), { x: 8, y: line * CAPTION_HEIGHT + 17, 'font-size': 13, fill });
  });
  const ground = element('rect', { width, height, fill: '#1a202c' });
  const svg = { xmlns: 'http://www.w3.org/2000/svg', width, height };
  return rasteriseSvg(element('svg', svg, ground + lines.join('')));
}
