import { createHmac, randomBytes } from 'node:crypto';

/** Prefix of secrets of Standard Webhooks. */
const PREFIX = 'whsec_';
const NEW_SECRET_BYTES = 32;

/** A message to be signed. */
export interface SignedMessage {
  readonly id: string;
  readonly sentAt: Date;
  readonly body: string;
}

/** Generates a secret. */
export function newWebhookSecret(): string {
  return `${PREFIX}${randomBytes(NEW_SECRET_BYTES).toString('base64')}`;
}

/**
 * Headers of a message by the specification Standard Webhooks: one signature per secret, HMAC-SHA256 of
 * `<id>.<timestamp>.<body>`.
 */
export function webhookHeaders(
  { id, sentAt, body }: SignedMessage,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(sentAt.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
