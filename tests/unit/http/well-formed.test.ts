import { expect, test } from '@jest/globals';
import { findMalformed } from '../../../src/middlewares/well-formed.js';

test('a list of millions is refused by its length, without a look at its entries', () => {
  const list = new Array<number>(5_000_000).fill(0);
  const startedAt = performance.now();
  expect(findMalformed({ list })).toEqual([
    { pointer: '', message: 'the body has more than 100000 values', code: 'TOO_COMPLEX' },
  ]);
  expect(performance.now() - startedAt).toBeLessThan(100);
});

test('lists that are looked at elsewhere are passed over, at the root only', () => {
  const list = ['a\0'];
  expect(findMalformed({ list }, ['list'])).toEqual([]);
  expect(findMalformed({ inner: { list } }, ['list'])).toHaveLength(1);
  expect(findMalformed({ list: { a: '\0' } }, ['list'])).toHaveLength(1);
});
