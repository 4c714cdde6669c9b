import { JsonGuard, type JsonLimits, type ExtractedFields } from '../../../src/domain/json-guard.js';
import { AppError } from '../../../src/errors/app-error.js';

const LIMITS: JsonLimits = { depth: 4, values: 50, listLength: 10, tensors: { values: 100, lists: 5 } };
const ASIDE: ExtractedFields = { texts: new Set(['data']), lists: new Set(['tensor']) };

/** What is set aside of a text that comes in pieces of a size. */
function asides(text: string, pieceBytes: number): string[] {
  const guard = new JsonGuard(LIMITS, ASIDE);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) guard.push(bytes.subarray(at, at + pieceBytes));
  return guard.spans.map(({ start, end }) => bytes.toString('utf8', start, end));
}

function refusal(text: string, pieceBytes = 7): string | null {
  try {
    asides(text, pieceBytes);
    return null;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.issues[0]?.message ?? error.code;
  }
}

const list = (length: number, entry = '0'): string => `[${Array.from({ length }, () => entry).join(',')}]`;

describe('the structure of a JSON text', () => {
  it.each([
    ['lists inside each other', `${'['.repeat(4)}${']'.repeat(4)}`, `${'['.repeat(5)}`],
    ['objects inside each other', '{"a":{"a":{"a":{}}}}', '{"a":{"a":{"a":{"a":{'],
    ['entries of a list', list(10), list(11)],
    ['values', list(5, list(9)), list(6, list(9))],
    [
      'members',
      `{${Array.from({ length: 50 }, (_, at) => `"${at}":0`).join(',')}}`,
      `{${'"a":0,'.repeat(51)}`,
    ],
  ])('%s are counted up to the limit', (_what, allowed, tooMany) => {
    expect(refusal(allowed)).toBeNull();
    expect(refusal(tooMany)).toMatch(/more than 4 levels deep|more than (10 entries|50 values)/);
  });

  it.each([
    '["[[[[[[[["]',
    '["\\"[[[[[[[[", "\\\\"]',
    '{"[,[,[,[,[,[,[,[,[,[,[,":"{{{{{{"}',
    '["ä€😀[[[[[[\\u005b"]',
  ])('what stands in texts counts for nothing: %s', (text) => {
    for (const size of [1, 2, 3, 5, 1000]) expect(refusal(text, size)).toBeNull();
  });

  it('brackets that were never opened are no JSON', () => {
    expect(refusal(']')).toBe('MALFORMED_JSON');
  });

  it('the limit is found in the piece that goes beyond it, whatever follows', () => {
    const guard = new JsonGuard(LIMITS);
    guard.push(Buffer.from('[0,0,0,0,0,0,0,0,0'));
    expect(() => guard.push(Buffer.from(',0,0'))).toThrow(AppError);
  });
});

describe('what is set aside', () => {
  const long = `"${'x'.repeat(20_000)}"`;
  const escaped = `"${'\\"\\\\'.repeat(8000)}"`;

  it.each([
    ['a long text of a named field', `{"a":[{"data":${long}},{"data" : ${escaped} }]}`, [long, escaped]],
    ['no short text', '{"data":"short"}', []],
    ['no text of another field', `{"other":${long},"data":{"other":${long}}}`, []],
    ['no text inside a list', `{"data":[${long}]}`, []],
    [
      'a list of a named field with all in it',
      `[{"tensor":[[1,2],[3]]},{"tensor":[]}]`,
      ['[[1,2],[3]]', '[]'],
    ],
    ['a list longer than others may be', `{"tensor":${list(60)}}`, [list(60)]],
    ['no object of such a field', '{"tensor":{"a":[1]}}', []],
    ['texts with brackets inside a list', '{"tensor":["]","\\"]"]}', ['["]","\\"]"]']],
  ])('%s', (_what, text, expected) => {
    for (const size of [1, 2, 3, 64, 100_000]) expect(asides(text, size)).toEqual(expected);
  });

  it.each([
    ['values', `{"tensor":${list(102)}}`],
    ['lists', `{"tensor":${list(6, '[]')}}`],
  ])('the %s of lists are limited too', (what, text) => {
    expect(refusal(text)).toMatch(what === 'values' ? /100 values in its tensors/ : /5 lists in a tensor/);
  });
});
