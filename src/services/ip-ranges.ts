import { BlockList, isIPv6 } from 'node:net';

/** Whether an address is in one of the CIDR ranges or equals one of the addresses. IPv4 may be given as `::ffff:a.b.c.d`. */
export function isInRanges(address: string, ranges: readonly string[]): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const { base, prefix, family } = parseRange(range);
    list.addSubnet(base, prefix, family);
  }
  // Link-local addresses carry the name of an interface.
  const plain = address.split('%')[0];
  return list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

/** Whether every address of `range` is in one of the `outer` ranges. */
export function isWithinRanges(range: string, outer: readonly string[]): boolean {
  const { base, prefix, family } = parseRange(range);
  const larger = outer.filter((one) => {
    const known = parseRange(one);
    return known.family === family && known.prefix <= prefix;
  });
  return isInRanges(base, larger);
}

function parseRange(range: string): { base: string; prefix: number; family: 'ipv4' | 'ipv6' } {
  const [base, length] = range.split('/');
  const family = isIPv6(base) ? 'ipv6' : 'ipv4';
  const longest = family === 'ipv6' ? 128 : 32;
  return { base, family, prefix: length === undefined ? longest : Number(length) };
}
