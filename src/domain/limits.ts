/** Longest time in milliseconds that classification may take, by a setting or by a request. */
export const MAX_CLASSIFY_TIMEOUT_MS = 600_000;
