import { parseLabels } from '../../../../src/networks/store/labels.js';

const PAIR = ['cat', 'dog'];
const JSON_PAIR = JSON.stringify(PAIR);

describe('labels', () => {
  it.each<[string, Buffer | string]>([
    ['a list', JSON_PAIR],
    ['a list with a byte order mark', `\ufeff${JSON_PAIR}`],
    ['a list in UTF-16', Buffer.from(`\ufeff${JSON_PAIR}`, 'utf16le')],
    ['a list in UTF-16, high bytes first', Buffer.from(`\ufeff${JSON_PAIR}`, 'utf16le').swap16()],
    ['names by index', '{"1": "dog", "0": "cat"}'],
    ['pairs by index', '{"0": ["n02123045", "cat"], "1": ["n02084071", "dog"]}'],
    ['indices by name', '{"dog": 1, "cat": 0}'],
    [
      'a Hugging Face config',
      '{"architectures": ["ViT"], "id2label": {"0": "cat", "1": "dog"}, "label2id": {"cat": 0}}',
    ],
    ['one with label2id alone', '{"label2id": {"cat": 0, "dog": 1}}'],
    ['lines', 'cat\ndog\n'],
    ['lines of Windows', '\ufeffcat\r\ndog\r\n\r\n'],
    ['lines in UTF-16', Buffer.from('\ufeffcat\r\ndog\r\n', 'utf16le')],
    ['index and name', '0,cat\n1,dog'],
    ['index and name from 1 on', '1,cat\n2,dog'],
    ['numbers with colons from 1 on', '1: cat\n2: dog'],
    ['name and index', 'dog,1\ncat,0\n'],
    ['name and index with a header', 'name,id\n"cat",0\n"dog",1\n'],
    ['index and name with a header', 'index;label\n1;dog\n0;cat\n'],
    ['index and name apart by spaces', '0  cat\n1  dog\n'],
    ['numbers of WordNet', 'n02123045 cat\nn02084071 dog\n'],
    ['quoted names', '"cat"\n"dog"\n'],
  ])('%s: two labels', (_what, content) => {
    expect(parseLabels(Buffer.from(content), 'pets')).toEqual(PAIR);
  });

  it('indices are numbers: ten comes after nine', () => {
    const names = Array.from({ length: 12 }, (_, index) => `name ${String(index)}`);
    const sortedAsText = Object.entries(names).sort(([one], [other]) => (one < other ? -1 : 1));
    expect(sortedAsText[2][0]).toBe('10');
    const config = `{"id2label": {${sortedAsText.map(([index, name]) => `"${index}": "${name}"`).join()}}}`;
    expect(parseLabels(Buffer.from(config), 'many')).toEqual(names);
  });

  it('names keep commas, digits and letters of every kind', () => {
    const text = 'tench, Tinca tinca\n2 dogs\n3 dogs\nGrün\n猫\n';
    expect(parseLabels(Buffer.from(text), 'odd')).toEqual([
      'tench, Tinca tinca',
      '2 dogs',
      '3 dogs',
      'Grün',
      '猫',
    ]);
    expect(parseLabels(Buffer.from('Gr\xfcn\nBlau', 'latin1'), 'odd')).toEqual(['Grün', 'Blau']);
  });

  it('numbers before a space are part of the names unless they begin with 0', () => {
    expect(parseLabels(Buffer.from('1 star\n2 stars\n3 stars\n'), 'stars')).toEqual([
      '1 star',
      '2 stars',
      '3 stars',
    ]);
  });

  it.each<[string, Buffer | string, RegExp]>([
    ['an empty name', '["cat", ""]', /entry 1 is not a name/],
    ['nothing', '\ufeff\r\n', /contain nothing/],
    ['an empty list', '[]', /an empty list/],
    ['a number in a list', '["cat", 2]', /entry 1 is not a name/],
    ['an object of something else', '{"model": "resnet", "size": 3}', /the keys "model", "size"/],
    ['broken JSON', '["cat", ', /JSON that is broken/],
    ['a web page', '<!DOCTYPE html><html>', /web page/],
    ['binary data', Buffer.from([1, 2, 3, 0, 0]), /binary data/],
    ['an empty line between names', 'cat\n\ndog', /line 2 is empty/],
    ['a direction character', '["cat", "d\\u202eog"]', /invisible character U\+202E in label 1/],
    ['a control character', '{"0": "ca\\u0007t"}', /invisible character U\+0007 in label 0/],
    ['an index twice', '{"cat": 0, "dog": 0}', /index 0 more than once/],
  ])('%s is refused, and said', (_what, content, message) => {
    expect(() => parseLabels(Buffer.from(content), 'pets')).toThrow(message);
  });
});
