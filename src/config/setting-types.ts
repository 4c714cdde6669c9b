import { z } from 'zod';

export const DAY_SECONDS = 86_400;
/** Longest delay of a Node.js timer: 2^31 - 1 milliseconds. */
const MAX_TIMER_SECONDS = 24 * DAY_SECONDS;

/** A duration such as `24h`, in seconds. */
export const duration = z
  .string()
  .regex(/^\d+[smhd]$/, 'must be a number followed by s, m, h or d, such as 24h')
  .transform(
    (text) =>
      Number(text.slice(0, -1)) *
      { s: 1, m: 60, h: 3600, d: DAY_SECONDS }[text.slice(-1) as 's' | 'm' | 'h' | 'd'],
  );
/** A duration that fits a timer of Node.js, in seconds. */
export const timer = duration.refine((length) => length <= MAX_TIMER_SECONDS, 'must be at most 24d');
/** A duration that may also be a plain number of seconds. */
export const seconds = z
  .string()
  .regex(/^\d+[smhd]?$/, 'must be a number of seconds, or one followed by s, m, h or d, such as 60s')
  .transform((text) => (/\d$/.test(text) ? `${text}s` : text))
  .pipe(timer);
export const port = z.coerce.number().int().min(0).max(65_535);
/** A size in megabytes, as bytes. */
export const megabytes = z.coerce
  .number()
  .positive()
  .max(100_000_000)
  .transform((value) => Math.round(value * 1024 * 1024));

/** A size of 0 is no limit. */
export const megabytesOrNone = z.union([z.literal('0').transform(() => 0), megabytes]);

/** Name of a bucket of S3. */
export const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'must be the name of a bucket: 3 to 63 of a-z, 0-9, "-" and "."',
  );
