/** Maximum classification timeout in milliseconds, for the setting and for requests. */
export const MAX_CLASSIFY_TIMEOUT_MS = 600_000;

/** Maximum seconds that a request may wait for a job. */
export const MAX_WAIT_SECONDS = 60;
