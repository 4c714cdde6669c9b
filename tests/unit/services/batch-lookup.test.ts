import type { User } from '../../../src/domain/user.js';
import { BatchLookup } from '../../../src/services/batch-lookup.js';

const userOf = (id: string, tokenVersion: number): User => ({
  id,
  email: `${id}@example.com`,
  passwordHash: '',
  name: null,
  surname: null,
  role: 'user',
  tokenVersion,
  balance: 0n,
  createdAt: new Date(0),
  updatedAt: new Date(0),
  deletedAt: null,
  disabledAt: null,
});

/** A database that answers when it is told to, with what it holds at the moment of the question. */
function slowDatabase() {
  const versions = new Map<string, number>();
  const questions: { ids: readonly string[]; answer(): void; fail(error: Error): void }[] = [];
  const users = {
    findByIds: (ids: readonly string[]) =>
      new Promise<readonly User[]>((resolve, reject) => {
        const rows = ids.flatMap((id) => {
          const version = versions.get(id);
          return version === undefined ? [] : [userOf(id, version)];
        });
        questions.push({ ids, answer: () => resolve(rows), fail: reject });
      }),
  };
  return { versions, questions, lookup: new BatchLookup((ids) => users.findByIds(ids)) };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('user lookup', () => {
  it('who comes while a question is on its way waits for the next one, which all share', async () => {
    const { versions, questions, lookup } = slowDatabase();
    versions.set('ada', 1).set('bob', 7);
    const first = lookup.find('ada');
    const later = [lookup.find('ada'), lookup.find('bob'), lookup.find('nobody'), lookup.find('ada')];
    expect(questions.map(({ ids }) => ids)).toEqual([['ada']]);
    // What changes after the first question was asked must be seen by those who came after the change.
    versions.set('ada', 2);
    questions[0].answer();
    expect(await first).toMatchObject({ tokenVersion: 1 });
    await settled();
    expect(questions.map(({ ids }) => ids)).toEqual([['ada'], ['ada', 'bob', 'nobody']]);
    questions[1].answer();
    const found = await Promise.all(later);
    expect(found.map((user) => user?.tokenVersion ?? null)).toEqual([2, 7, null, 2]);
  });

  it('a question that fails fails for those who asked it, and the next one is asked', async () => {
    const { versions, questions, lookup } = slowDatabase();
    versions.set('ada', 1);
    const first = lookup.find('ada');
    const second = lookup.find('ada');
    questions[0].fail(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await settled();
    questions[1].answer();
    expect(await second).toMatchObject({ id: 'ada' });
    const third = lookup.find('ada');
    questions[2].answer();
    expect(await third).toMatchObject({ id: 'ada' });
  });
});
