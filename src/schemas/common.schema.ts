import { z } from 'zod';
import { MAX_TAG_LENGTH, MAX_TAGS } from '../domain/dataset.js';
import { hiddenCharacterIn } from '../domain/hidden-characters.js';

/** Id of a resource: a UUID, in lower case as it is stored, however it was written. */
export const id = z.uuid().toLowerCase().meta({ example: '0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c' });

/** Maximum length of an e-mail address. */
export const EMAIL_TEXT_MAX = 254;
/** Maximum length of a text accepted as a password. The actual limit of 72 bytes has its own error. */
export const PASSWORD_TEXT_MAX = 1024;

/** `all`, or `a-b` over the named items of a dataset, counted from 0. */
export const rangeOver = (items: string) =>
  z
    .string()
    .regex(/^(all|\d{1,6}-\d{1,6})$/, `must be "all" or "a-b" over the ${items}, from 0`)
    .default('all');

/** Path parameters of routes about a single resource. */
export const idParams = z.strictObject({ id });

/** A time as ISO-8601 UTC text. */
export const timestamp = z.iso.datetime().meta({ example: '2023-07-15T10:30:00.000Z' });

/** Credits as a number with at most six decimals. */
export const credits = z.number().meta({ description: 'Credits, at most six decimals', example: 100 });

/** A query parameter that is `true` or `false`. */
export const flag = z
  .enum(['true', 'false'])
  .transform((value) => value === 'true')
  .meta({ description: '`true` or `false`' });

/** Query of routes that can quote the price without doing the work. */
export const dryRunQuery = z.strictObject({
  dryRun: flag.optional().meta({ description: 'Only quote the price, using the same code that charges' }),
});

/** A name in NFC: one line of 1 to `max` visible characters without surrounding white space. */
export const lineOfText = (max: number) =>
  z
    .string()
    .normalize('NFC')
    .trim()
    .min(1)
    .max(max)
    .superRefine((text, context) => {
      const hidden = hiddenCharacterIn(text);
      if (hidden !== null) {
        context.addIssue({ code: 'custom', message: `contains the invisible character ${hidden}` });
      }
    });

/** One tag: 1 to 64 characters without surrounding white space. */
export const tag = lineOfText(MAX_TAG_LENGTH).meta({ example: 'traffic' });

/** Tags of a dataset; duplicates are removed. */
export const tagList = z
  .array(tag)
  .max(MAX_TAGS)
  .transform((tags) => [...new Set(tags)]);

/** A query parameter that may be repeated. */
export function repeated<Item extends z.ZodType<unknown, string>>(item: Item) {
  return z
    .union([item.transform((value) => [value]), z.array(item)])
    .meta({ description: 'May be repeated' });
}

const pageLimit = (max: number, standard: number) =>
  z.coerce
    .number()
    .int()
    .min(1)
    .max(max)
    .default(standard)
    .meta({ description: `1 to ${max}, ${standard} by default` });

/** Cursor paging: page length of at most `max`, and the cursor. */
export const pageQueryOf = (max: number, standard: number) => ({
  limit: pageLimit(max, standard),
  cursor: z
    .string()
    .min(1)
    .max(512)
    .optional()
    .meta({ description: 'The `nextCursor` of the previous page' }),
});

/** Paging of most lists. */
export const pageQuery = pageQueryOf(100, 20);

/** A price with its lines, as quoted and as charged. */
export const quoteResponse = z
  .object({
    dryRun: z.literal(true),
    cost: credits,
    balance: credits,
    affordable: z.boolean(),
    quote: z.object({
      preset: z.string(),
      version: z.number().int(),
      total: credits,
      lines: z.array(
        z.object({ unit: z.string(), count: z.number().int(), unitPrice: credits, amount: credits }),
      ),
    }),
    warnings: z.array(z.string()).meta({
      description: 'Warnings, such as a masked area that is too large to be filled well',
    }),
  })
  .meta({ id: 'Quote' });

/** A price of jobs, and whether the limit of waiting jobs allows them. */
export const estimateResponse = quoteResponse
  .extend({
    waitingJobs: z
      .object({
        waiting: z.number().int().meta({ description: 'Jobs of the user that are already waiting' }),
        added: z.number().int().meta({ description: 'Jobs that the request would add' }),
        limit: z
          .number()
          .int()
          .meta({ description: 'Maximum number of waiting jobs per user; 0 for no limit' }),
        allowed: z.boolean().meta({ description: 'Whether the limit allows them' }),
      })
      .meta({
        description: 'Limit of waiting jobs (`MAX_WAITING_JOBS_PER_USER`); admins have the same limit',
      }),
  })
  .meta({ id: 'JobEstimate' });

/** Query parameters of routes with signed links. */
export const linkQuery = z.strictObject({
  expires: z.string().max(12).optional().meta({ description: 'Expiry of a signed link, in Unix seconds' }),
  user: z.string().max(64).optional().meta({ description: 'User of a signed link' }),
  signature: z.string().max(128).optional().meta({ description: 'Signature of a signed link' }),
});

/** Query parameters of routes that can display an image or a video in the browser. */
export const saveQuery = {
  download: z
    .enum(['0', '1', 'true', 'false'])
    .transform((value) => value === '1' || value === 'true')
    .optional()
    .meta({ description: '`1` makes browsers save the file; by default they display images and videos' }),
};

/** Fields that every response with new tokens has. */
export const issuedTokens = {
  token: z.string(),
  expiresIn: z.number().int().meta({ description: 'Seconds until the token expires' }),
  refreshToken: z.string().meta({ description: 'Exchanged for new tokens once, at `/api/auth/refresh`' }),
  refreshExpiresIn: z.number().int().meta({ description: 'Seconds until the refresh token expires' }),
};

/** Body of every error. */
export const problem = z
  .object({
    type: z.string().meta({ example: '/api/docs/errors#NOT_FOUND' }),
    title: z.string().meta({ example: 'Not found' }),
    status: z.number().int().meta({ example: 404 }),
    detail: z.string().meta({ example: 'Dataset 0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c does not exist.' }),
    instance: z.string().meta({ example: '/api/dataset/0190b5a0-7c1e-7000-8000-3f0e5d6a1b2c' }),
    code: z.string().meta({ example: 'NOT_FOUND' }),
    requestId: z.string(),
    errors: z
      .array(z.object({ pointer: z.string(), message: z.string(), code: z.string() }))
      .meta({ description: 'All problems with the input; `pointer` is a JSON pointer' }),
    success: z.literal(false),
    message: z.string().meta({ description: 'Same text as `detail`' }),
    error: z.string().optional().meta({ description: 'Same text as `detail`, on `/v2` only' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details with a stable `code`' });
