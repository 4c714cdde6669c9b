import { fileURLToPath } from 'node:url';
import type { ProcessError } from '../../../src/errors/process-error.js';
import { FileChild } from '../../../src/supervision/file-child.js';

const ENTRY = fileURLToPath(new URL('../../../src/engines/frame-reader/main.js', import.meta.url));
const lost: ProcessError = { code: 'MASK_FAILED', message: 'It ended.' };
const isText = (value: unknown): value is string => typeof value === 'string';
const isNothing = (value: unknown): value is undefined => value === undefined;
const bounds = { timeoutMs: 600_000 };

const start = <Value>(isValue: (value: unknown) => value is Value, module = ENTRY) =>
  new FileChild<object, Value>({ module, lost, isValue, fileSizeBytes: 0 });

it('answers with the fault that was agreed on when the child ends instead', async () => {
  const child = start(isText);
  const answer = child.ask({}, bounds);
  child.end();
  await expect(answer).rejects.toMatchObject(lost);
});

it('answers with it when the child cannot be started, or was ended before', async () => {
  const missing = start(isText, `${ENTRY}.missing`);
  for (let request = 0; request < 2; request += 1)
    await expect(missing.ask({}, bounds)).rejects.toMatchObject(lost);
});

it('takes no answer of another kind, and no text of an error that is none of ours', async () => {
  const child = start(isText);
  const request = { kind: 'maskVideo', mask: { path: '/missing' } };
  const refused: unknown = await child.ask(request, bounds).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'MASK_FAILED' });
  expect(JSON.stringify(refused)).not.toContain('/missing');
  // A request of no known kind is answered without a value.
  await expect(child.ask({ kind: 'other' }, bounds)).rejects.toMatchObject(lost);
  child.end();
  const other = start(isNothing);
  await expect(other.ask({ kind: 'other' }, bounds)).resolves.toBeUndefined();
  other.end();
});
