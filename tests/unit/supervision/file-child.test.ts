import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProcessError } from '../../../src/errors/process-error.js';
import { FileChild } from '../../../src/supervision/file-child.js';
import { messageBomb } from '../../factories/bombs.js';
import { untilGone } from '../../support/killed-parent.js';

const ENTRY = fileURLToPath(new URL('../../../src/engines/frame-reader/main.js', import.meta.url));
const lost: ProcessError = { code: 'MASK_FAILED', message: 'It ended.' };
const isText = (value: unknown): value is string => typeof value === 'string';
const isNothing = (value: unknown): value is undefined => value === undefined;
const bounds = { timeoutMs: 600_000 };

const start = <Value>(isValue: (value: unknown) => value is Value, module = ENTRY) =>
  new FileChild<object, Value>({ module, lost, isValue, fileSizeBytes: 0 });

describe('file child', () => {
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
});

describe('a file that misbehaves', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'infernode-bombs-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Runs into a bomb next to a child that works; gives the child that met it. */
  async function explode(kind: 'memory' | 'endless', timeoutMs: number) {
    const module = await messageBomb(folder, kind);
    const memoryBytes = 500 * 2 ** 20;
    const child = new FileChild<object, string>({
      module,
      lost,
      isValue: isText,
      fileSizeBytes: 0,
      memoryBytes,
    });
    const neighbour = start(isNothing);
    await expect(child.ask({}, { timeoutMs })).rejects.toMatchObject(lost);
    await expect(neighbour.ask({ kind: 'other' }, bounds)).resolves.toBeUndefined();
    neighbour.end();
    return child;
  }

  it('is ended when it takes memory without end', async () => {
    const { pid } = await explode('memory', 600_000);
    await untilGone(pid ?? 0);
  });

  it('is ended when it takes too long', async () => {
    const { pid } = await explode('endless', 1000);
    await untilGone(pid ?? 0);
  });
});
