import { fitMask } from '../../../src/media/mask-fit.js';

const maskOf = (rows: readonly string[]) => ({
  width: rows[0].length,
  height: rows.length,
  data: Uint8Array.from(rows.join(''), (letter) => (letter === '#' ? 255 : 0)),
});

function fitted(rows: readonly string[], width: number, height: number): string[] {
  const data = fitMask(maskOf(rows), { width, height });
  return Array.from({ length: height }, (_row, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (value) => (value === 255 ? '#' : '.')).join(''),
  );
}

describe('fitMask', () => {
  it('gives each pixel of a mask a block of the larger image', () => {
    expect(fitted(['#.', '..'], 6, 4)).toEqual(['###...', '###...', '......', '......']);
  });

  it('keeps a line that is thinner than a pixel of the smaller image', () => {
    expect(fitted(['........', '.....#..', '........', '........'], 2, 2)).toEqual(['.#', '..']);
  });

  it('marks every pixel that overlaps the hole, each axis on its own', () => {
    // The hole covers 1/3 to 2/3 of the width: of five pixels the second touches it from 0.33, the fourth to 0.67.
    expect(fitted(['.#.'], 5, 2)).toEqual(['.###.', '.###.']);
  });

  it('changes nothing at the same size', () => {
    const rows = ['.#..', '####', '...#'];
    expect(fitted(rows, 4, 3)).toEqual(rows);
  });
});
