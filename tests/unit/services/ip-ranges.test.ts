import { isInRanges, isWithinRanges } from '../../../src/services/ip-ranges.js';

describe('ranges of addresses', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.0/24'], true],
    ['192.0.3.7', ['192.0.2.0/24'], false],
    ['::ffff:192.0.2.7', ['192.0.2.0/24'], true],
    ['192.0.2.7', ['192.0.2.7'], true],
    ['192.0.2.8', ['192.0.2.7'], false],
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['fe80::1%eth0', ['fe80::/10'], true],
    ['203.0.113.1', ['0.0.0.0/0'], true],
    ['unknown', ['0.0.0.0/0', '::/0'], false],
  ])('%s in %j: %s', (address, ranges, expected) => {
    expect(isInRanges(address, ranges)).toBe(expected);
  });

  it.each([
    ['10.1.0.0/16', ['10.0.0.0/8'], true],
    ['10.0.0.0/8', ['10.0.0.0/8'], true],
    ['10.0.0.0/7', ['10.0.0.0/8'], false],
    ['11.0.0.0/16', ['10.0.0.0/8'], false],
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['2001:db8:1::/48', ['10.0.0.0/8', '2001:db8::/32'], true],
    ['::/0', ['0.0.0.0/0'], false],
  ])('%s within %j: %s', (range, outer, expected) => {
    expect(isWithinRanges(range, outer)).toBe(expected);
  });
});
