/** Result of comparing a response with its documented example. */
export interface Comparison {
  /** Documented fields that are missing, of another type, or of another text where the text is fixed. */
  readonly differences: readonly string[];
  /** Fields that are not documented. */
  readonly additions: readonly string[];
}

/** Fields whose documented value is fixed and not an example. */
const FIXED = new Set(['message', 'role', 'success', 'credit']);

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeOf(value) === 'object';

interface Found {
  readonly differences: Set<string>;
  readonly additions: Set<string>;
}

/** Position in the body, and the findings so far. */
interface Place {
  readonly at: string;
  readonly found: Found;
}

function compareRecords(documented: unknown, actual: unknown, { at, found }: Place): void {
  if (!isRecord(documented) || !isRecord(actual)) return;
  const place = (key: string) => (at === '' ? key : `${at}.${key}`);
  for (const [key, example] of Object.entries(documented)) {
    if (!Object.hasOwn(actual, key)) found.differences.add(`${place(key)} is missing`);
    else if (FIXED.has(key) && actual[key] !== example)
      found.differences.add(
        `${place(key)} is ${JSON.stringify(actual[key])}, not ${JSON.stringify(example)}`,
      );
    else compareValues(example, actual[key], { at: place(key), found });
  }
  Object.keys(actual)
    .filter((key) => !Object.hasOwn(documented, key))
    .forEach((key) => found.additions.add(place(key)));
}

function compareValues(documented: unknown, actual: unknown, { at, found }: Place): void {
  const [wanted, given] = [typeOf(documented), typeOf(actual)];
  if (wanted !== given) {
    found.differences.add(`${at || 'the body'} is ${given}, not ${wanted}`);
  } else if (Array.isArray(documented) && Array.isArray(actual)) {
    if (documented.length > 0)
      actual.forEach((item) => compareValues(documented[0], item, { at: `${at}[]`, found }));
    if (documented.length > 0 && actual.length === 0) found.differences.add(`${at} is empty`);
  } else compareRecords(documented, actual, { at, found });
}

/**
 * Compares a response with a documented example: every documented field must be present with the same type, the items
 * of arrays like the first documented one. Values are examples, except for a few fields with fixed texts.
 */
export function compareWithDocument(documented: unknown, actual: unknown): Comparison {
  const found: Found = { differences: new Set(), additions: new Set() };
  compareValues(documented, actual, { at: '', found });
  return { differences: [...found.differences], additions: [...found.additions] };
}
