import type { Detection } from '../../../../src/domain/detection.js';
import { HeldBoxes } from '../../../../src/tasks/inpainting/held-boxes.js';

const at = (x: number): Detection => ({
  label: 'circle',
  labelIndex: 0,
  score: 0.9,
  box: { x, y: 10, width: 20, height: 20 },
});

describe('boxes over the frames of a video', () => {
  it('keeps an object masked for five frames in which it is not found', () => {
    const held = new HeldBoxes();
    held.next([at(0), at(100)]);
    const counts = Array.from({ length: 6 }, () => held.next([at(0)]).length);
    expect(counts).toEqual([2, 2, 2, 2, 2, 1]);
  });

  it('follows an object that moves without a trail behind it', () => {
    const held = new HeldBoxes();
    held.next([at(0)]);
    expect(held.next([at(8)])).toEqual([at(8).box]);
    expect(held.next([at(16)])).toEqual([at(16).box]);
  });

  it('begins the five frames again when the object is found in between', () => {
    const held = new HeldBoxes();
    held.next([at(0)]);
    for (let frame = 0; frame < 4; frame += 1) held.next([]);
    held.next([at(2)]);
    const counts = Array.from({ length: 6 }, () => held.next([]).length);
    expect(counts).toEqual([1, 1, 1, 1, 1, 0]);
  });
});
