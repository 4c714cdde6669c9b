import type { ReportedFrame } from '../../../../servoing/frame-record.js';
import { drawTextRows } from '../../../drawing/text-rows.js';
import type { Image } from '../../../../vision/image/image.js';

/** Height of a caption in pixels. */
export const CAPTION_HEIGHT = 24;

/** Caption of a frame. */
export function captionOf(record: ReportedFrame): string {
  const start = `frame ${record.frame} · ${record.timeSeconds.toFixed(2)} s · `;
  if (record.velocity === null) {
    const reason = (record.reason ?? 'unknown').toLowerCase().replaceAll('_', ' ');
    return `${start}${record.status === 'weak' ? 'WEAK, NOT USED' : 'LOST'}: ${reason}`;
  }
  if (record.status === 'weak')
    return `${start}WEAK: ${record.inliers} likely matches · confidence ${record.confidence.toFixed(2)}`;
  const agreement = `${record.inliers} of ${record.matches} matches agree`;
  const reached = record.goalReached ? ' · goal reached' : '';
  return `${start}${agreement} · confidence ${record.confidence.toFixed(2)}${reached}`;
}

function colourOf({ velocity, status, goalReached }: ReportedFrame): string | undefined {
  if (velocity === null) return '#fc8181';
  if (status === 'weak') return '#f6e05e';
  return goalReached ? '#9ae6b4' : undefined;
}

/** Renders captions, stacked vertically, each {@link CAPTION_HEIGHT} pixels tall. */
export function drawCaptions(records: readonly ReportedFrame[], width: number): Promise<Image> {
  const rows = records.map((record) => {
    const colour = colourOf(record);
    return [{ text: captionOf(record), left: 8, colour }];
  });
  return drawTextRows(rows, { width, height: CAPTION_HEIGHT, fontSize: 13 });
}
