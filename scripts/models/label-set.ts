import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AppError, messageOf } from '../../src/errors/app-error.js';
import { parseLabels as parseAnyLabels } from '../../src/networks/store/labels.js';
import type { CatalogueEntry, LabelSet } from './catalogue-file.js';
import { downloadText } from './download.js';

/** Labels of a network, or the reason why there are none. */
export interface FoundLabels {
  readonly labels: readonly string[] | null;
  /** Note for the user, or `null`. */
  readonly note: string | null;
}

/** Sources of a label list. */
export interface LabelPlaces {
  /** A folder to search first; `null` for none. */
  readonly folder: string | null;
  /** Whether it may be downloaded. */
  readonly online: boolean;
}

/** Finds the labels of an entry. A missing list is not an error: classes are then numbered. */
export async function findLabels(
  entry: CatalogueEntry,
  { folder, online }: LabelPlaces,
): Promise<FoundLabels> {
  const { labels } = entry;
  if (labels === null || !('file' in labels)) return { labels, note: null };
  const local = folder === null ? null : await readFile(path.join(folder, labels.file)).catch(() => null);
  try {
    if (local === null && !online)
      return { labels: null, note: numbered(labels, `${labels.file} is not there`) };
    return { labels: parseLabels(local ?? Buffer.from(await downloadText(labels.urls)), labels), note: null };
  } catch (error) {
    return { labels: null, note: numbered(labels, messageOf(error)) };
  }
}

const numbered = ({ name }: LabelSet, reason: string): string =>
  `The labels ${name} are missing, so classes will be numbered: ${reason}`;

/**
 * Parses a label list.
 * @throws AppError `LABELS_INVALID` for anything but a list of the expected number of names
 */
export function parseLabels(
  content: Uint8Array,
  { name, count }: Pick<LabelSet, 'name' | 'count'>,
): readonly string[] {
  const labels = parseAnyLabels(content, name);
  if (labels.length === count && !labels.includes('')) return labels;
  throw new AppError('LABELS_INVALID', {
    message: `The label list ${name} has ${String(labels.length)} entries; it needs ${String(count)} names.`,
    details: { name, count },
  });
}
