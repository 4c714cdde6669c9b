const KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a name is a key of a blob store. */
export const isBlobKey = (name: string): boolean => KEY.test(name);

/** @throws TypeError: keys come from our own database, so another value is a bug and must not become a path */
export function requireBlobKey(key: string): void {
  if (!KEY.test(key)) throw new TypeError('a blob key must be a uuid in lower case');
}

/** When a key was made: the first 48 bits of a UUIDv7 are milliseconds. */
export const keyCreatedAt = (key: string): Date =>
  new Date(Number.parseInt(key.replaceAll('-', '').slice(0, 12), 16));
