import type { ErrorMeaning } from '../error-kind.js';

/** Codes of webhooks. */
export const WEBHOOK_CODES = {
  WEBHOOK_URL_REFUSED: {
    kind: 'invalid',
    title: 'URL not allowed',
    hint: 'Send an http or https URL with a public host and without a user name. An operator can allow private addresses with `WEBHOOK_ALLOW_PRIVATE`.',
  },
  TOO_MANY_WEBHOOKS: {
    kind: 'conflict',
    title: 'Too many webhooks',
    hint: 'Delete a webhook first; the message states the limit.',
  },
  WEBHOOK_DISABLED: {
    kind: 'conflict',
    title: 'Webhook disabled',
    hint: 'Enable the webhook with `PATCH` and `{"enabled": true}` first.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
