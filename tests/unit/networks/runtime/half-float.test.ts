import { fromHalfBits, toHalfBits } from '../../../../src/networks/runtime/half-float.js';

describe('half precision', () => {
  it.each([
    [0, 0x0000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [2 ** -14, 0x0400],
    [2 ** -24, 0x0001],
    [1 / 3, 0x3555],
    [Infinity, 0x7c00],
    [-Infinity, 0xfc00],
  ])('%d is %i in the tables of IEEE 754', (value, bits) => {
    expect(toHalfBits(value)).toBe(bits);
  });

  it('every one of the 65536 patterns survives the way there and back', () => {
    for (let bits = 0; bits < 65_536; bits += 1) {
      const value = fromHalfBits(bits);
      if (Number.isNaN(value)) expect(Number.isNaN(fromHalfBits(toHalfBits(value)))).toBe(true);
      else if (toHalfBits(value) !== bits)
        throw new Error(`${String(bits)} became ${String(toHalfBits(value))}`);
    }
  });

  it('what lies between two numbers goes to the nearer one, halves to the even one', () => {
    expect(fromHalfBits(toHalfBits(1 + 0.4 / 1024))).toBe(1);
    expect(fromHalfBits(toHalfBits(1 + 0.6 / 1024))).toBe(1 + 1 / 1024);
    expect(fromHalfBits(toHalfBits(1 + 0.5 / 1024))).toBe(1);
    expect(fromHalfBits(toHalfBits(1 + 1.5 / 1024))).toBe(1 + 2 / 1024);
    expect(toHalfBits(65_519)).toBe(0x7bff);
    expect(toHalfBits(65_520)).toBe(0x7c00);
    expect(toHalfBits(2 ** -25)).toBe(0);
    expect(toHalfBits(2 ** -25 * 1.01)).toBe(1);
  });
});
