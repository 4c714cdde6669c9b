import { z } from 'zod';
import { givenText, valueAt } from './given-value.js';
import { unknownFieldTexts } from './unknown-field.js';

type RawIssue = z.core.$ZodRawIssue;
type UnionIssue = z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>;

/** Descriptions of value types, by their name in schemas. */
const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
  date: 'a date',
};

/** Descriptions of string formats, by name. */
const FORMATS: Readonly<Record<string, string>> = {
  email: 'must be an e-mail address such as name@example.com',
  uuid: 'must be a UUID such as 0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c',
  url: 'must be a URL such as https://example.com',
  datetime: 'must be an ISO 8601 time in UTC such as 2023-07-15T10:30:00Z',
};

/** Error text for a missing value. */
export const REQUIRED_TEXT = 'is required';

/**
 * Sets the messages of all schemas in this process, for missing values, types, limits and choices. A message given in
 * the schema takes precedence.
 */
export function useOwnMessages(): void {
  z.config({ customError: messageOf });
}

function messageOf(issue: RawIssue): string | undefined {
  if (issue.input === undefined && issue.code !== 'unrecognized_keys' && issue.code !== 'custom') {
    return issue.code === 'invalid_value'
      ? `${REQUIRED_TEXT} and ${choicesText(issue.values)}`
      : REQUIRED_TEXT;
  }
  switch (issue.code) {
    case 'invalid_type':
      return typeText(issue);
    case 'invalid_value':
      return `${choicesText(issue.values)}${issue.input === null ? ', not null' : ''}`;
    case 'too_big':
      return limitText(issue, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'too_small':
      return limitText(issue, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'not_multiple_of':
      return `must be a multiple of ${String(issue.divisor)}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? formatText(issue);
    case 'unrecognized_keys':
      // One line per key; `fieldIssues` reports each at the location of its key.
      return unknownFieldTexts(issue.keys, issue.inst).join('\n');
    case 'invalid_union':
      return unionText(issue);
    default:
      return undefined;
  }
}

function nameOfType(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return TYPE_NAMES[typeof value] ?? typeof value;
}

function typeText({ expected, input }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  const expectedType = TYPE_NAMES[expected] ?? expected;
  const given = nameOfType(input);
  // 1.5 is not a whole number and NaN is not a number, but "not a number" would explain neither.
  const isNumeric = typeof input === 'number' && ['number', 'int'].includes(expected);
  return given === expectedType || isNumeric
    ? `must be ${expectedType}`
    : `must be ${expectedType}, not ${given}`;
}

function choicesText(values: unknown): string {
  const choices = (Array.isArray(values) ? values : []).filter(
    (value) => value !== undefined && value !== null,
  );
  const named = choices.map((value) => JSON.stringify(value));
  return named.length === 1 ? `must be ${named[0]}` : `must be one of ${named.join(', ')}`;
}

function limitText(
  { origin, exact }: { readonly origin: string; readonly exact?: boolean },
  bound: string,
  limit: number | bigint,
): string {
  const limits = exact ? `exactly ${String(limit)}` : `${bound} ${String(limit)}`;
  const units: Readonly<Record<string, string>> = {
    string: 'character',
    array: 'entry',
    set: 'entry',
    map: 'entry',
  };
  const unit = units[origin];
  if (unit === undefined) return `must be ${limits}`;
  if (bound === 'at least' && Number(limit) === 1)
    return origin === 'string' ? 'must not be empty' : `must have ${limits} ${unit}`;
  return `must have ${limits} ${Number(limit) === 1 ? unit : unit.replace(/y$/, 'ie') + 's'}`;
}

function formatText({ format, pattern }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidStringFormat>): string {
  return pattern === undefined ? `must be a valid ${format}` : `must match the pattern ${pattern}`;
}

function unionText(issue: UnionIssue): string {
  const path = issue.path ?? [];
  const { input, discriminator } = issue;
  if (typeof discriminator === 'string') {
    const given: unknown =
      typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : undefined;
    const missing = given === undefined ? `${REQUIRED_TEXT} and ` : '';
    return `${missing}${choicesText(issue.options)}${givenText(given, path)}`;
  }
  const near = nearestBranch(issue.errors);
  if (near) return near.map((nested) => nestedText(nested, input, path)).join('; ');
  return `${formsText(issue.errors)}${givenText(input, path)}`;
}

/** Whether a value has the outer form of a choice, so that the problem is inside it. */
const isInside = ({ path, code }: z.core.$ZodIssue): boolean =>
  path.length > 0 || code === 'unrecognized_keys';

/** Among the choices with the matching outer form, the one with the fewest problems. */
function nearestBranch(errors: UnionIssue['errors']): readonly z.core.$ZodIssue[] | undefined {
  return errors
    .filter((issues) => issues.length > 0 && issues.every(isInside))
    .sort((a, b) => a.length - b.length)
    .at(0);
}

/** Lists the outer form of each choice. */
function formsText(errors: UnionIssue['errors']): string {
  const expectedForms = errors.flatMap((issues) =>
    issues
      .filter(({ path }) => path.length === 0)
      .map(({ message }) => message.replace(/, not (an? )?\w+$/, '')),
  );
  const [first, ...others] = [...new Set(expectedForms)];
  return first === undefined
    ? 'has none of the possible forms'
    : [first, ...others.map((text) => text.replace(/^must be /, ''))].join(', or ');
}

function nestedText(issue: z.core.$ZodIssue, input: unknown, parent: readonly PropertyKey[]): string {
  const { path, message } = issue;
  if (issue.code === 'unrecognized_keys') {
    const lines = message.split('\n');
    return issue.keys.map((key, index) => `${[...path, key].join('.')} ${lines[index]}`).join('; ');
  }
  return `${path.join('.')} ${message}${givenText(valueAt(input, path), [...parent, ...path])}`;
}
