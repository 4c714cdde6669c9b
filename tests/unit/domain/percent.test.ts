import { formatPercent } from '../../../src/domain/percent.js';

describe('percent', () => {
  it.each([
    [0, '0 %'],
    [0.02, '2 %'],
    [0.000534, '0.0534 %'],
    [0.000_000_1, 'less than 0.001 %'],
    [0.33333, '33.3 %'],
    [0.9999, '99.9 %'],
    [1, '100 %'],
  ])('%d is shown as %s', (share, shown) => {
    expect(formatPercent(share)).toBe(shown);
  });
});
