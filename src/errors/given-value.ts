/** Maximum length of a value that an error repeats. */
const MAX_LENGTH = 60;
/** Fields whose values must not appear in responses or logs, and fields that contain whole files. */
const HIDDEN =
  /password|passwd|token|secret|credential|authorization|signature|api_?key|^(data|content|key|cookie)$/i;

/**
 * Describes the given value for the end of an error message: ` (given 0)`. Empty when the value adds no information or
 * must not be repeated.
 * @param path keys that lead to the value
 */
export function givenText(value: unknown, path: readonly PropertyKey[]): string {
  if (path.some((key) => HIDDEN.test(String(key)))) return '';
  const shown = shownValue(value);
  return shown === null ? '' : ` (given ${shown})`;
}

function shownValue(value: unknown): string | null {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `${String(value.length)} entries`;
  if (typeof value !== 'string') return null;
  return value.length > MAX_LENGTH ? `${String(value.length)} characters` : JSON.stringify(value);
}

/** The value at a path of keys; undefined when there is none. */
export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = Reflect.get(value, key);
  }
  return value;
}
