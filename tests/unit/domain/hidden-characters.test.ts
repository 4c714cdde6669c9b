import { hiddenCharacterIn } from '../../../src/domain/hidden-characters.js';
import { findMalformed } from '../../../src/domain/well-formed.js';

describe('hidden characters', () => {
  it.each([
    ['an override', 'invoice\u202Efdp.exe', 'U+202E'],
    ['a mark', 'a\u200Fb', 'U+200F'],
    ['an isolate', 'a\u2069b', 'U+2069'],
    ['the Arabic letter mark', 'a\u061Cb', 'U+061C'],
    ['an escape', '\u001B[2J', 'U+001B'],
    ['a control character of Latin-1', 'a\u0085b', 'U+0085'],
    ['a line end', 'a\nb', 'U+000A'],
  ])('%s is found and named', (_what, text, name) => expect(hiddenCharacterIn(text)).toBe(name));

  it.each([
    ['Persian with a non-joiner', 'می\u200Cخواهم'],
    ['Hindi with a joiner', 'क्\u200Dष'],
    ['a family emoji', '👨\u200D👩\u200D👧'],
    ['a flag of tags', '🏴\u{E0067}\u{E0062}\u{E007F}'],
    ['the blank of macOS screenshots', 'Screenshot 10.15\u202FAM.png'],
    ['Arabic and Hebrew', 'مرحبا שלום'],
  ])('%s is text', (_what, text) => expect(hiddenCharacterIn(text)).toBeNull());

  it('texts of several lines keep tabs and line ends, and nothing else', () => {
    expect(hiddenCharacterIn('one\r\n\ttwo', { lines: true })).toBeNull();
    expect(hiddenCharacterIn('one\u000Btwo', { lines: true })).toBe('U+000B');
    expect(findMalformed({ description: 'one\ntwo', deep: [{ note: 'a\u202Eb' }], 'k\u0007': 1 })).toEqual([
      { pointer: '/k\u0007', code: 'MALFORMED', message: 'contains the invisible character U+0007' },
      {
        pointer: '/deep/0/note',
        code: 'MALFORMED',
        message: 'contains the invisible character U+202E',
      },
    ]);
  });
});
