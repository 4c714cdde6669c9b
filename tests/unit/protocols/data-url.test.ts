import { readInput } from '../../../src/controllers/classification-input.js';
import { readDataUrl } from '../../../src/protocols/data-url.js';
import { requireLinear } from '../../support/bounded-work.js';

const BYTES = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0xff, 0xef, 0xbe, 0x01]);
/** With a plus, a slash and padding. */
const TEXT = BYTES.toString('base64');

const read = (data: string) => readInput({ type: 'image', data }, '/input');

describe('a data URL', () => {
  // What the processor of https://fetch.spec.whatwg.org/#data-url-processor takes, if its body is base64.
  it.each<[string, string, string]>([
    ['is plain', `data:image/png;base64,${TEXT}`, 'image/png'],
    ['begins with white space', `\n \t data:image/png;base64,${TEXT}`, 'image/png'],
    ['ends with white space', `data:image/png;base64,${TEXT} \n`, 'image/png'],
    ['is written large', `DATA:IMAGE/PNG;BASE64,${TEXT}`, 'image/png'],
    ['has spaces before base64', `data:image/png;  base64,${TEXT}`, 'image/png'],
    ['has spaces around its head', `data: image/png ;base64 ,${TEXT}`, 'image/png'],
    ['has a line break in its head', `data:image/png;\r\nbase64,${TEXT}`, 'image/png'],
    [
      'has line breaks in its body',
      `data:image/png;base64,${TEXT.slice(0, 4)}\r\n${TEXT.slice(4)}`,
      'image/png',
    ],
    ['has encoded padding', `data:image/png;base64,${TEXT.replaceAll('=', '%3D')}`, 'image/png'],
    ['is encoded throughout', `data:image/png;base64,${encodeURIComponent(TEXT)}`, 'image/png'],
    [
      'is encoded letter by letter',
      `data:;base64,${[...TEXT].map((letter) => `%${letter.charCodeAt(0).toString(16)}`).join('')}`,
      'base64',
    ],
    [
      'has encoded line breaks',
      `data:image/png;base64,${TEXT.slice(0, 4)}%0D%0a%20${TEXT.slice(4)}`,
      'image/png',
    ],
    ['has a fragment', `data:image/png;base64,${TEXT}#top`, 'image/png'],
    ['has a parameter', `data:image/png;name=a.png;base64,${TEXT}`, 'image/png'],
    ['has a comma between quotes', `data:image/png;name="a,b";base64,${TEXT}`, 'image/png'],
    ['has commas between many quotes', `data:image/png;a="x,y";b=z;c=",";base64,${TEXT}`, 'image/png'],
    ['has one quote only', `data:image/png;name=";base64,${TEXT}`, 'image/png'],
    ['has a long parameter', `data:image/png;name=${'x'.repeat(5000)};base64,${TEXT}`, 'image/png'],
    ['has no type', `data:;base64,${TEXT}`, 'base64'],
    ['has a type that is none', `data:<b>;base64,${TEXT}`, 'base64'],
  ])('that %s is read', (_what, url, format) => {
    const { input, ...rest } = read(url);
    expect(rest).toEqual({ format, pointer: '/input/data' });
    expect(input).toEqual({ kind: 'image', bytes: BYTES });
  });

  it.each<[string, string, RegExp]>([
    ['is not one of base64', 'data:image/png,AAAA', /is not base64-encoded/],
    ['has base64 as a parameter', 'data:image/png;base64;a=b,AAAA', /is not base64-encoded/],
    ['ends in its head', `data:image/png;base64`, /is not base64-encoded/],
    ['has a quote that is never closed', `data:image/png;name="a,b;base64,AAAA`, /is not base64-encoded/],
    ['holds other characters', 'data:image/png;base64,AA$A', /contains invalid base64/],
    ['holds a percent sign that encodes nothing', 'data:image/png;base64,AA%4', /contains invalid base64/],
    ['holds encoded characters of no base64', 'data:image/png;base64,AAA%24', /contains invalid base64/],
    [
      'holds letters whose numbers end like those of base64',
      'data:image/png;base64,%41AA\u0141',
      /contains invalid base64/,
    ],
  ])('that %s is refused', (_what, url, message) => {
    expect(() => read(url)).toThrow(
      expect.objectContaining({ code: 'BASE64_INVALID', message: expect.stringMatching(message) }),
    );
  });

  const LENGTH = 13_000_000;
  it.each<[string, string]>([
    ['an image of 10 MB', `data:image/png;base64,${'A'.repeat(LENGTH)}`],
    ['an encoded one', `data:image/png;base64,${'%41'.repeat(LENGTH / 4)}`],
    ['quotes and commas', `data:${'","'.repeat(LENGTH / 3)}`],
    ['commas', `data:${','.repeat(LENGTH)}`],
    ['semicolons and spaces', `data:${'; '.repeat(LENGTH / 2)},`],
    ['spaces', ' '.repeat(LENGTH)],
    ['spaces before base64', `data:;${' '.repeat(LENGTH)}base,64`],
  ])('costs no more than its length: %s', (_what, url) => {
    requireLinear(() => void readDataUrl(url));
  });
});

describe('data url', () => {
  it.each(['AAAA', ' AAAA\n', 'AA==', 'AA'])('bare base64 is read: %j', (text) => {
    expect(read(text).format).toBe('base64');
  });

  it.each(['AAA%3D', 'A', 'image/png;base64,AAAA'])('no base64: %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'BASE64_INVALID' }));
  });
});
