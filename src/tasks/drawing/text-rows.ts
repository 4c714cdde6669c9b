import { rasteriseSvg } from '../../media/image-codec.js';
import { element, label } from './svg.js';
import type { Image } from '../../vision/image/image.js';

/** One piece of text in a row. */
export interface RowText {
  readonly text: string;
  /** Pixels from the left. */
  readonly left: number;
  /** CSS colour; near white by default. */
  readonly colour?: string;
}

/** Size of all rows in pixels. */
export interface RowLayout {
  readonly width: number;
  readonly height: number;
  readonly fontSize: number;
}

/** Rows that are drawn in one go: one drawing is faster than many, but too tall ones are refused. */
const ROWS_A_SHEET = 100;
const GROUND = '#1a202c';
const TEXT = '#f7fafc';
/** How far a letter's foot lies below the middle of its row, of its size: capitals then stand in the middle. */
const FOOT = 0.36;

/** Dark rows of text as pixels, one below the other. */
export async function drawTextRows(rows: readonly (readonly RowText[])[], layout: RowLayout): Promise<Image> {
  const data = new Uint8Array(3 * layout.width * layout.height * rows.length);
  for (let start = 0; start < rows.length; start += ROWS_A_SHEET) {
    const sheet = await drawSheet(rows.slice(start, start + ROWS_A_SHEET), layout);
    data.set(sheet.data, 3 * layout.width * layout.height * start);
  }
  return { width: layout.width, height: layout.height * rows.length, data };
}

function drawSheet(
  rows: readonly (readonly RowText[])[],
  { width, height: rowHeight, fontSize }: RowLayout,
): Promise<Image> {
  const height = rows.length * rowHeight;
  const labels = rows.flatMap((texts, row) => {
    const y = row * rowHeight + Math.round(rowHeight / 2 + FOOT * fontSize);
    return texts.map(({ text, left, colour = TEXT }) =>
      label(text, { x: left, y, 'font-size': fontSize, fill: colour }),
    );
  });
  const ground = element('rect', { width, height, fill: GROUND });
  const svg = { xmlns: 'http://www.w3.org/2000/svg', width, height };
  return rasteriseSvg(element('svg', svg, ground + labels.join('')));
}
