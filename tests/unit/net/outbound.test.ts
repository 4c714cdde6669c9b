import { isAllowedAddress } from '../../../src/net/outbound-address.js';
import { outboundUrlProblem } from '../../../src/net/outbound-url.js';

const PUBLIC = ['8.8.8.8', '93.184.216.34', '172.32.0.1', '2606:4700:4700::1111', '64:ff9b::8.8.8.8'];

/** Refused unless private addresses are allowed. */
const PRIVATE = [
  ['loopback', '127.0.0.1'],
  ['any loopback', '127.255.3.4'],
  ['private 10/8', '10.0.0.1'],
  ['private 172.16/12', '172.31.255.255'],
  ['private 192.168/16', '192.168.1.1'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['loopback of IPv6', '::1'],
  ['unique local', 'fd12:3456::1'],
  ['loopback, mapped to IPv6', '::ffff:127.0.0.1'],
  ['private, mapped to IPv6 in hexadecimal', '::ffff:a00:1'],
  ['private, through NAT64', '64:ff9b::10.0.0.1'],
  ['loopback as an IPv4-compatible address', '::127.0.0.1'],
] as const;

/** Always refused. */
const NEVER = [
  ['the unspecified address', '0.0.0.0'],
  ['this network', '0.1.2.3'],
  ['metadata of clouds', '169.254.169.254'],
  ['link-local', '169.254.1.1'],
  ['metadata in the range of carrier-grade NAT', '100.100.100.200'],
  ['metadata in a public range', '168.63.129.16'],
  ['metadata of a unique local address', 'fd00:ec2::254'],
  ['metadata, mapped to IPv6', '::ffff:169.254.169.254'],
  ['multicast', '224.0.0.1'],
  ['broadcast', '255.255.255.255'],
  ['reserved', '240.0.0.1'],
  ['documentation', '192.0.2.1'],
  ['benchmarks', '198.18.0.1'],
  ['protocol assignments', '192.0.0.192'],
  ['unspecified IPv6', '::'],
  ['link-local IPv6', 'fe80::1'],
  ['multicast IPv6', 'ff02::1'],
  ['site-local', 'fec0::1'],
  ['6to4 of loopback', '2002:7f00:1::'],
  ['Teredo', '2001::1'],
  ['local NAT64', '64:ff9b:1::a00:1'],
  ['documentation of IPv6', '2001:db8::1'],
  ['no address', 'localhost'],
  ['empty', ''],
] as const;

describe('addresses of outgoing connections', () => {
  it.each(PUBLIC)('%s is allowed', (address) => {
    expect(isAllowedAddress(address, { allowPrivate: false })).toBe(true);
  });

  it.each(PRIVATE)('%s is allowed only by the setting: %s', (_what, address) => {
    expect(isAllowedAddress(address, { allowPrivate: false })).toBe(false);
    expect(isAllowedAddress(address, { allowPrivate: true })).toBe(true);
  });

  it.each(NEVER)('%s is never allowed: %s', (_what, address) => {
    expect(isAllowedAddress(address, { allowPrivate: true })).toBe(false);
  });
});

describe('URLs of outgoing connections', () => {
  const strict = { allowPrivate: false };

  it.each([
    'https://example.com/hook?a=b',
    'http://example.com',
    'https://example.com:8443/',
    'https://93.184.216.34/',
    'https://[2606:4700:4700::1111]:443/x',
  ])('%s is usable', (url) => {
    expect(outboundUrlProblem(url, strict)).toBeUndefined();
  });

  it.each([
    ['ftp://example.com/', 'https://'],
    ['file:///etc/passwd', 'https://'],
    ['gopher://example.com/', 'https://'],
    ['example.com/hook', 'absolute'],
    ['https://user:secret@example.com/', 'user name'],
    ['https://user@example.com/', 'user name'],
    ['https://example.com/#part', 'fragment'],
    ['https://example.com:22/', 'port'],
    ['http://example.com:25/', 'port'],
    ['http://127.0.0.1/', 'private'],
    ['http://127.1/', 'private'],
    ['http://0x7f000001/', 'private'],
    ['http://2130706433/', 'private'],
    ['http://0177.0.0.1/', 'private'],
    ['http://127.0.0.1./', 'private'],
    ['http://[::1]/', 'private'],
    ['http://[::ffff:127.0.0.1]/', 'private'],
    ['http://169.254.169.254/latest/meta-data/', 'private'],
    [`https://example.com/${'x'.repeat(2048)}`, '2048'],
  ])('%s is refused', (url, reason) => {
    expect(outboundUrlProblem(url, strict)).toContain(reason);
  });
});
