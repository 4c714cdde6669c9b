import type { Credential, WatchedCredential } from '../domain/credential.js';
import type { JobEvent } from '../domain/job-event.js';
import type { AppError } from '../errors/app-error.js';
import type { Logger } from '../logging/logger.js';
import type { AccountBudgets, OpenCounts } from './account-budgets.js';
import type { CredentialChanges } from './credential-changes.js';
import type { ServerMessages } from './event-map.js';
import type { ConnectionRegistry } from './connection-registry.js';
import type { RealtimeHub } from './realtime-hub.js';

/** What a connection uses of the rest of the system. */
export interface ConnectionPorts {
  readonly hub: RealtimeHub;
  readonly registry: Pick<ConnectionRegistry, 'open'>;
  readonly logger: Logger;
  readonly changes: CredentialChanges;
  readonly counts: OpenCounts;
  /** @throws AppError of kind unauthenticated, forbidden or rate_limited. */
  admit(credential: Credential, address: string): Promise<WatchedCredential>;
  /** The job as the API returns it. @throws AppError NOT_FOUND, also for jobs of other users. */
  snapshot(jobId: string, userId: string): Promise<{ seq: number; ended: boolean; job: unknown }>;
  /** A status change as a notification to the owner. */
  notification(event: Extract<JobEvent, { type: 'status' }>): ServerMessages['notification'];
}

/** Initial state of a connection. */
export interface ConnectionStart {
  /** Credential in the headers of the upgrade request, or what is wrong with it; null without one. */
  readonly credential: Credential | AppError | null;
  /** Address of the client. */
  readonly address: string;
  readonly subscriptions: AccountBudgets;
}
