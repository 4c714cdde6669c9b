/** Maximum classification timeout in milliseconds, for the setting and for requests. */
export const MAX_CLASSIFY_TIMEOUT_MS = 600_000;

/** Maximum seconds that a request may wait for a job. */
export const MAX_WAIT_SECONDS = 60;

/** Maximum length of the text of a camera's calibration; it has one or two thousand characters. */
export const MAX_CAMERA_INFO_CHARACTERS = 16_384;
