/** ISO-8601 text of a time; null for none. */
export const isoOrNull = (date: Date | null): string | null => date?.toISOString() ?? null;

/** The time in an ISO-8601 text; undefined for none. */
export const dateOf = (text: string | undefined): Date | undefined =>
  text === undefined ? undefined : new Date(text);
