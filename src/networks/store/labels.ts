import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hiddenCharacterIn } from '../../domain/hidden-characters.js';
import { decodeText } from '../../domain/text-encoding.js';
import { AppError } from '../../errors/app-error.js';

const text = z.string().max(500).regex(/\S/);
/** A name, or the pair of id and name in ImageNet's index file. */
const entry = z.union([text, z.tuple([text, text]).transform(([, name]) => name)]);
const MAX_LABELS = 100_000;
const namesSchema = z.array(entry).min(1).max(MAX_LABELS);
const byIndexSchema = z.record(z.string().regex(/^\d{1,6}$/), entry);
const byNameSchema = z.record(text, z.number().int().min(0).max(MAX_LABELS));

/** Description of the supported formats, for errors. */
const EXPECTED =
  'a list of names, names by index, a config.json with id2label, or plain text with one name a line or "index,name" lines';

/**
 * Labels in a file, see {@link parseLabels}.
 * @returns null when there is no such file
 * @throws AppError `LABELS_INVALID` (invalid)
 */
export async function readLabels(path: string, id: string): Promise<readonly string[] | null> {
  const content = await readFile(path).catch(() => null);
  return content && parseLabels(content, id);
}

/**
 * Labels of a manifest: inline, or in the file that it names.
 * @returns undefined when it has none
 * @throws AppError `LABELS_MISSING` (invalid) for a missing file, `LABELS_INVALID` (invalid)
 */
export async function listedLabels(
  folder: string,
  { id, labels }: { readonly id: string; readonly labels?: string | readonly string[] },
): Promise<readonly string[] | undefined> {
  if (typeof labels !== 'string') return labels;
  const read = await readLabels(join(folder, labels), id);
  if (read) return read;
  throw new AppError('LABELS_MISSING', { message: `Network ${id} has no file ${labels} with its labels.` });
}

/**
 * Parses labels as JSON (`["cat", "dog"]`, `{"0": "cat", "1": "dog"}`, `{"0": ["n02123045", "cat"]}`,
 * `{"cat": 0, "dog": 1}`, or a Hugging Face config.json with `id2label` or `label2id`) or as text (one name
 * per line, or index and name).
 * @param id of the network, for the error
 * @throws AppError `LABELS_INVALID` (invalid), which describes what was found
 */
export function parseLabels(content: Uint8Array, id: string): readonly string[] {
  const plain = decodeText(content).trim();
  const found = /^[[{]/.test(plain) ? fromJson(plain) : fromText(plain);
  const labels = typeof found === 'string' ? found : (hiddenIn(found) ?? found);
  if (typeof labels !== 'string') return labels;
  throw new AppError('LABELS_INVALID', {
    message: `The labels of network ${id} contain ${labels}; expected: ${EXPECTED}.`,
    details: { network: id },
  });
}

/** A description of the first invisible character; labels are displayed, so they must not contain any. */
function hiddenIn(labels: readonly string[]): string | null {
  for (const [index, label] of labels.entries()) {
    const hidden = hiddenCharacterIn(label);
    if (hidden !== null) return `the invisible character ${hidden} in label ${String(index)}`;
  }
  return null;
}

/** The labels, or a description of what was found instead. */
type Found = readonly string[] | string;

function fromJson(plain: string): Found {
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch (error) {
    return `JSON that is broken (${error instanceof Error ? error.message.slice(0, 100) : 'no reason given'})`;
  }
  if (Array.isArray(value)) return fromList(value);
  const config: Readonly<Record<string, unknown>> = typeof value === 'object' ? { ...value } : {};
  return fromMap(config.id2label ?? config.label2id ?? config);
}

function fromList(value: readonly unknown[]): Found {
  const parsed = namesSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (value.length === 0) return 'an empty list';
  if (value.length > MAX_LABELS)
    return `a list of ${String(value.length)} entries, more than ${String(MAX_LABELS)}`;
  const wrong = value.findIndex((one) => !entry.safeParse(one).success);
  return `a list whose entry ${String(wrong)} is not a name`;
}

/** Names by index, in ascending order, or indices by name. */
function fromMap(value: unknown): Found {
  const byIndex = byIndexSchema.safeParse(value);
  if (byIndex.success)
    return fromPairs(Object.entries(byIndex.data).map(([index, name]) => [Number(index), name]));
  const byName = byNameSchema.safeParse(value);
  if (byName.success) return fromPairs(Object.entries(byName.data).map(([name, index]) => [index, name]));
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  const shown = keys.slice(0, 3).map((key) => JSON.stringify(key.slice(0, 40)));
  return `an object with the keys ${shown.join(', ')}${keys.length > 3 ? ', …' : ''}`;
}

/** Classes without a name get their number. */
function fromPairs(pairs: readonly (readonly [number, string])[]): Found {
  if (pairs.length === 0) return 'an empty object';
  const labels: string[] = [];
  for (const [index, name] of pairs) {
    if (labels[index] !== undefined) return `the index ${String(index)} more than once`;
    labels[index] = name;
  }
  return Array.from(labels, (name, index) => name ?? `class_${String(index)}`);
}

/** Index and name, separated by comma, semicolon, tab, colon or space. */
const INDEXED = /^"?(\d{1,6})"?(\s*[,;:\t]\s*|\s+)(\S.*)$/;
/** Name and index, not separated by colon or space, after which a number may be part of the name. */
const NAME_FIRST = /^(\S.*?)(\s*[,;\t]\s*)"?(\d{1,6})"?$/;
const INDEX_COLUMN = '"?(?:index|id|class|class_id|label_id)"?';
const HEADER = new RegExp(
  `^(?:${INDEX_COLUMN}\\s*[,;\\t]\\s*"?\\w+"?|"?\\w+"?\\s*[,;\\t]\\s*${INDEX_COLUMN})$`,
  'i',
);

/** WordNet id before the names, as in ImageNet's synset_words.txt. */
const SYNSET = /^n\d{8}\s+(?=\S)/;

function fromText(plain: string): Found {
  if (plain === '') return 'nothing';
  if (plain.startsWith('<')) return 'markup text (a web page instead of the file?)';
  // eslint-disable-next-line no-control-regex -- these identify binary data
  if (/[\0-\x08\x0e-\x1f]/.test(plain)) return 'binary data';
  const lines = plain.split(/\r\n|\n|\r/).map((line) => line.trim());
  const rows = HEADER.test(lines[0]) ? lines.slice(1) : lines;
  const numbered = numberedNames(rows);
  if (numbered !== null) return numbered;
  const empty = lines.indexOf('');
  if (empty >= 0) return `text whose line ${String(empty + 1)} is empty`;
  const names = lines.every((line) => SYNSET.test(line))
    ? lines.map((line) => line.replace(SYNSET, ''))
    : lines;
  return fromList(names.map(unquoted));
}

interface NumberedName {
  readonly index: number;
  readonly name: string;
  readonly separator: string;
}

/** Names in the order of the indices next to them; null unless every line has a class index. */
function numberedNames(lines: readonly string[]): Found | null {
  const indexFirst = lines
    .map((line) => INDEXED.exec(line))
    .map((match) => match && { index: Number(match[1]), separator: match[2], name: match[3] });
  const nameFirst = lines
    .map((line) => NAME_FIRST.exec(line))
    .map((match) => match && { index: Number(match[3]), separator: match[2], name: match[1] });
  for (const rows of [indexFirst, nameFirst]) {
    const named = rows.filter((row) => row !== null);
    const first = named.length === lines.length ? firstNumber(named) : null;
    if (first !== null) return fromPairs(named.map(({ index, name }) => [index - first, unquoted(name)]));
  }
  return null;
}

/**
 * The first class index, 0 or 1, if the numbers are consecutive indices; null if they are part of the names.
 */
function firstNumber(rows: readonly NumberedName[]): 0 | 1 | null {
  const indices = new Set(rows.map(({ index }) => index));
  if (indices.size !== rows.length) return null;
  const last = Math.max(...indices);
  if (last === rows.length - 1) return 0;
  // "1 star, 2 stars" are names, not indices.
  return last === rows.length && !indices.has(0) && rows.every(({ separator }) => /\S|\t/.test(separator))
    ? 1
    : null;
}

const unquoted = (name: string): string => /^"(.*)"$/.exec(name)?.[1].replaceAll('""', '"') ?? name;
