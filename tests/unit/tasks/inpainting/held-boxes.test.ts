import type { Detection, DetectionBox } from '../../../../src/domain/detection.js';
import { HeldBoxes } from '../../../../src/tasks/inpainting/held-boxes.js';

const at = (x: number): Detection => ({
  label: 'circle',
  labelIndex: 0,
  score: 0.9,
  box: { x, y: 10, width: 20, height: 20 },
});
const covers = (boxes: readonly DetectionBox[], { box }: Detection): boolean =>
  boxes.some(
    ({ x, y, width, height }) =>
      x <= box.x && y <= box.y && x + width >= box.x + box.width && y + height >= box.y + box.height,
  );

describe('boxes over the frames of a video', () => {
  it('keeps an object masked for ten frames in which it is not found', () => {
    const held = new HeldBoxes();
    held.next([at(0), at(100)]);
    const counts = Array.from({ length: 11 }, () => held.next([at(0)]).length);
    expect(counts).toEqual([...new Array<number>(10).fill(2), 1]);
  });

  it('follows an object that moves without a trail behind it', () => {
    const held = new HeldBoxes();
    held.next([at(0)]);
    expect(held.next([at(8)])).toEqual([at(8).box]);
    expect(held.next([at(16)])).toEqual([at(16).box]);
  });

  it('covers an object that moves on while it is not found', () => {
    const held = new HeldBoxes();
    for (let frame = 0; frame < 10; frame += 1) held.next([at(7 * frame)]);
    const covered = Array.from({ length: 10 }, (_, missed) => covers(held.next([]), at(7 * (10 + missed))));
    expect(covered).toEqual(new Array<boolean>(10).fill(true));
  });

  it('keeps an object masked that stands behind a found one', () => {
    const held = new HeldBoxes();
    held.next([at(0), at(10)]);
    expect(covers(held.next([at(0)]), at(10))).toBe(true);
  });

  it('begins the ten frames again when the object is found in between', () => {
    const held = new HeldBoxes();
    held.next([at(0)]);
    for (let frame = 0; frame < 9; frame += 1) held.next([]);
    held.next([at(2)]);
    const counts = Array.from({ length: 11 }, () => held.next([]).length);
    expect(counts).toEqual([...new Array<number>(10).fill(1), 0]);
  });
});
