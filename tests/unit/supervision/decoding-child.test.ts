import { fileURLToPath } from 'node:url';
import { askChild, startDecodingChild, type ErrorFacts } from '../../../src/supervision/decoding-child.js';

const ENTRY = fileURLToPath(new URL('../../../src/engines/frame-reader/main.js', import.meta.url));
const lost: ErrorFacts = { code: 'LOST', kind: 'internal', message: 'It ended.', details: {} };
const isText = (value: unknown): value is string => typeof value === 'string';
const isNothing = (value: unknown): value is undefined => value === undefined;

it('answers with the fault that was agreed on when the child ends instead', async () => {
  const child = startDecodingChild(ENTRY);
  const answer = askChild(child, {}, { lost, isValue: isText });
  child.kill('SIGKILL');
  expect(await answer).toEqual({ ok: false, error: lost });
});

it('answers with it when the child cannot be started, or was ended before', async () => {
  const missing = startDecodingChild(`${ENTRY}.missing`);
  for (let order = 0; order < 2; order += 1)
    expect(await askChild(missing, {}, { lost, isValue: isText })).toEqual({ ok: false, error: lost });
});

it('takes no answer of another kind, and no text of an error that is none of ours', async () => {
  const child = startDecodingChild(ENTRY);
  const order = { kind: 'maskVideo', mask: { path: '/missing' } };
  const refused = await askChild(child, order, { lost, isValue: isText });
  expect(refused).toMatchObject({ ok: false, error: { code: 'MASK_FAILED' } });
  expect(JSON.stringify(refused)).not.toContain('/missing');
  // An order of no known kind is answered without a value.
  expect(await askChild(child, { kind: 'other' }, { lost, isValue: isText })).toEqual({
    ok: false,
    error: lost,
  });
  expect(await askChild(child, { kind: 'other' }, { lost, isValue: isNothing })).toMatchObject({ ok: true });
  child.kill('SIGKILL');
});
