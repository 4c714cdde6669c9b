/** Maximum classification timeout in milliseconds, for the setting and for requests. */
export const MAX_CLASSIFY_TIMEOUT_MS = 600_000;
