import { compareWithDocument } from '../../../../scripts/api-tour/documented.js';

const documented = {
  message: 'Created',
  dataset: { id: 'a', tags: ['x'], videos: [{ id: 'b', frame_count: 1500 }] },
};
const answer = (changes: object) => ({
  message: 'Created',
  dataset: { id: 'other', tags: ['y', 'z'], videos: [{ id: 'c', frame_count: 3 }], ...changes },
});

describe('the comparison of an answer with a documented body', () => {
  it('values are examples, their types and the texts of messages are not', () => {
    expect(compareWithDocument(documented, answer({})).differences).toEqual([]);
    expect(compareWithDocument(documented, { ...answer({}), message: 'Made' }).differences).toEqual([
      'message is "Made", not "Created"',
    ]);
    expect(compareWithDocument(documented, answer({ id: 7 })).differences).toEqual([
      'dataset.id is number, not string',
    ]);
  });

  it('missing fields are found at any depth, in every item of a list', () => {
    const videos = [{ id: 'c', frame_count: 3 }, { id: 'd' }];
    expect(compareWithDocument(documented, answer({ videos })).differences).toEqual([
      'dataset.videos[].frame_count is missing',
    ]);
    expect(compareWithDocument(documented, answer({ videos: [] })).differences).toEqual([
      'dataset.videos is empty',
    ]);
    expect(compareWithDocument(documented, null).differences).toEqual(['the body is null, not object']);
  });

  it('fields beyond the documented ones are named once and are no difference', () => {
    const videos = [
      { id: 'c', frame_count: 3, width: 4 },
      { id: 'd', frame_count: 5, width: 6 },
    ];
    const { differences, additions } = compareWithDocument(documented, answer({ videos, user_id: 'u' }));
    expect(differences).toEqual([]);
    expect(additions).toEqual(['dataset.videos[].width', 'dataset.user_id']);
  });
});
