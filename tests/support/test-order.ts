import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Test } from '@jest/reporters';
import type sequencer from '@jest/test-sequencer';

/** Its types describe the CommonJS module; an import would get another one. */
const { default: TestSequencer } = createRequire(import.meta.url)('@jest/test-sequencer') as typeof sequencer;

/** Folders whose tests start the most processes, and wait for them the longest. */
const FIRST = ['e2e', 'integration'];

function rankOf(file: string): number {
  const folders = file.split(path.sep);
  const rank = FIRST.findIndex((name) => folders.includes(name));
  return rank < 0 ? FIRST.length : rank;
}

/**
 * Starts test files with processes first: Jest goes by the size of files that it does not know yet, so that the longest
 * ones, which are short texts, would be left alone at the end of a run.
 */
export default class TestOrder extends TestSequencer {
  override sort(tests: Test[]): Test[] {
    const sizes = new Map(tests.map(({ path: file }) => [file, statSync(file).size]));
    const sizeOf = ({ path: file }: Test): number => sizes.get(file) ?? 0;
    return [...tests].sort(
      (one, other) => rankOf(one.path) - rankOf(other.path) || sizeOf(other) - sizeOf(one),
    );
  }
}
