import { z } from 'zod';

/** Settings of webhooks. */
export const webhookSettings = {
  /** Webhooks may go to loopback, private, unique-local and carrier-grade NAT addresses. */
  WEBHOOK_ALLOW_PRIVATE: z.stringbool().default(false),
  /** Endpoints of one account, without those of single requests. */
  WEBHOOKS_PER_USER: z.coerce.number().int().min(0).max(10_000).default(20),
  /** Endpoints that a worker sends to at the same time. */
  WEBHOOK_CONCURRENCY: z.coerce.number().int().min(1).max(256).default(8),
  /** Time for the response of an endpoint. */
  WEBHOOK_TIMEOUT_SECONDS: z.coerce.number().positive().max(30).default(10),
};
