import { z } from 'zod';
import { SCOPE_NAMES } from '../domain/scopes.js';

const entry = z.strictObject({
  userId: z.union([z.uuid(), z.email().transform((email) => email.toLowerCase())], {
    error: 'must be the id (a UUID) or the e-mail of a user, as a string',
  }),
  apiKey: z
    .string()
    .regex(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 printable ASCII characters without spaces'),
  scopes: z.array(z.enum(SCOPE_NAMES)).min(1).optional(),
});
const list = z
  .array(entry)
  .refine(
    (keys) => new Set(keys.map(({ apiKey }) => apiKey)).size === keys.length,
    'contains the same apiKey twice',
  );

/**
 * `API_KEYS`: a JSON array of `{"userId": …, "apiKey": …}`, as in earlier services. Its values are secrets, so messages
 * name only positions and fields.
 */
export const apiKeysSetting = z
  .string()
  .default('')
  .transform((text, context) => {
    const parsed = text.trim() === '' ? [] : parseJson(text);
    const { data, error } = list.safeParse(parsed);
    if (data) return data.map(({ userId, ...key }) => ({ user: userId, ...key }));
    for (const { path, message } of error.issues) {
      const place = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
      context.addIssue({ code: 'custom', message: `${place}${message}` });
    }
    return z.NEVER;
  });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
