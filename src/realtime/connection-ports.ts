import type { JobEvent } from '../domain/job-event.js';
import type { Logger } from '../logging/logger.js';
import type { ServerMessages } from './event-map.js';
import type { UserBudgets } from './message-budget.js';
import type { RealtimeHub } from './realtime-hub.js';

/** Who a token belongs to and when it ends. */
export interface RealtimeSession {
  readonly principal: { readonly userId: string };
  readonly expiresAt: Date;
}

/** What a connection asks of the rest of the system. */
export interface ConnectionPorts {
  readonly hub: RealtimeHub;
  readonly logger: Logger;
  /** @throws AppError INVALID_TOKEN, TOKEN_EXPIRED, TOKEN_REVOKED. */
  session(token: string): Promise<RealtimeSession>;
  /** The job as the API shows it. @throws AppError NOT_FOUND, also for another user's. */
  snapshot(jobId: string, userId: string): Promise<{ seq: number; ended: boolean; job: unknown }>;
  /** A status change as the notification of the owner. */
  notification(event: Extract<JobEvent, { type: 'status' }>): ServerMessages['notification'];
}

/** How a connection begins. */
export interface ConnectionStart {
  /** Token of the upgrade's header; null without one. */
  readonly token: string | null;
  readonly subscriptions: UserBudgets;
}
