import { Annotator } from '../../../../src/tasks/detection/annotate.js';

const SIZE = { width: 640, height: 120 };
const GROUND = 90;

/** Columns of the row through the middle of a tag that stands at the left edge, up to the ground beside it. */
async function tagOf(label: string): Promise<{ width: number; text: number }> {
  const image = { ...SIZE, data: new Uint8Array(3 * SIZE.width * SIZE.height).fill(GROUND) };
  const box = { x: 0, y: 40, width: 30, height: 30 };
  const { data } = await new Annotator().draw(image, [{ label, labelIndex: 0, score: 0.5, box }], SIZE);
  const pixel = (x: number, y: number) =>
    data.subarray(3 * (y * SIZE.width + x), 3 * (y * SIZE.width + x) + 3);
  // Rows 20 to 39 hold the tag; the corner has its colour.
  const colour = pixel(0, 20);
  const differs = (x: number, y: number, from: readonly number[]) =>
    pixel(x, y).some((value, at) => Math.abs(value - from[at]) > 40);
  const columns = Array.from({ length: SIZE.width }, (_, x) => x);
  const rows = Array.from({ length: 20 }, (_, y) => 20 + y);
  const ground = [GROUND, GROUND, GROUND];
  const width = columns.filter((x) => differs(x, 20, ground)).length;
  const text = columns.filter((x) => x < width && rows.some((y) => differs(x, y, [...colour]))).at(-1) ?? 0;
  return { width, text };
}

describe('the tag of a box', () => {
  it.each(['ill', 'MMMM', 'circle', '円形'])('ends five pixels behind the text %s', async (label) => {
    const { width, text } = await tagOf(label);
    expect(text).toBeGreaterThan(20);
    expect(width - 1 - text).toBe(5);
  });
});
