import type { JobEvent } from '../domain/job-event.js';
import type { Logger } from '../logging/logger.js';
import type { ServerMessages } from './event-map.js';
import type { UserBudgets } from './message-budget.js';
import type { RealtimeHub } from './realtime-hub.js';

/** The owner of a token and its expiry. */
export interface RealtimeSession {
  readonly principal: { readonly userId: string };
  readonly expiresAt: Date;
}

/** What a connection uses of the rest of the system. */
export interface ConnectionPorts {
  readonly hub: RealtimeHub;
  readonly logger: Logger;
  /** @throws AppError INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED. */
  session(token: string): Promise<RealtimeSession>;
  /** The job as the API returns it. @throws AppError NOT_FOUND, also for jobs of other users. */
  snapshot(jobId: string, userId: string): Promise<{ seq: number; ended: boolean; job: unknown }>;
  /** A status change as a notification to the owner. */
  notification(event: Extract<JobEvent, { type: 'status' }>): ServerMessages['notification'];
}

/** Initial state of a connection. */
export interface ConnectionStart {
  /** Token in the header of the upgrade request; null without one. */
  readonly token: string | null;
  readonly subscriptions: UserBudgets;
}
