import { findMalformed } from '../../../src/domain/well-formed.js';

describe('well formed', () => {
  it('a list of millions is refused by its length, without a look at its entries', () => {
    const looks: PropertyKey[] = [];
    const list = new Proxy(new Array<number>(5_000_000), {
      get: (target, key) => (looks.push(key), Reflect.get(target, key)),
      ownKeys: () => {
        throw new Error('The list was unfolded.');
      },
    });
    expect(findMalformed({ list })).toEqual([
      { pointer: '', message: 'the body has more than 100000 values', code: 'TOO_COMPLEX' },
    ]);
    expect(new Set(looks)).toEqual(new Set(['length']));
  });

  it('lists that are looked at elsewhere are passed over, at the root only', () => {
    const list = ['a\0'];
    expect(findMalformed({ list }, ['list'])).toEqual([]);
    expect(findMalformed({ inner: { list } }, ['list'])).toHaveLength(1);
    expect(findMalformed({ list: { a: '\0' } }, ['list'])).toHaveLength(1);
  });
});
