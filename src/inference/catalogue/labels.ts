import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../errors/app-error.js';

const text = z.string().max(500);
/** A name, or the pair of id and name that ImageNet's index file has. */
const entry = z.union([text, z.tuple([text, text]).transform(([, name]) => name)]);

const labelsFile = z.union([
  z.array(entry).min(1).max(100_000),
  z.record(z.string().regex(/^\d{1,6}$/), entry).transform((byIndex) => {
    const labels: string[] = [];
    for (const [index, name] of Object.entries(byIndex)) labels[Number(index)] = name;
    return Array.from(labels, (name, index) => name ?? `class_${String(index)}`);
  }),
]);

/**
 * Labels of a file: `["cat", "dog"]`, `{"0": "cat", "1": "dog"}` or `{"0": ["n02123045", "cat"]}`.
 * @returns null when there is no such file
 * @throws AppError `LABELS_INVALID` (invalid)
 */
export async function readLabels(path: string, id: string): Promise<readonly string[] | null> {
  const content = await readFile(path, 'utf8').catch(() => null);
  if (content === null) return null;
  try {
    return labelsFile.parse(JSON.parse(content));
  } catch (cause) {
    throw new AppError({
      code: 'LABELS_INVALID',
      kind: 'invalid',
      message: `The labels of network ${id} are neither a list of names nor names by index.`,
      details: { network: id },
      cause,
    });
  }
}
