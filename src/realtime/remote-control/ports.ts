import type { IncomingMessage } from 'node:http';
import type { Adapter } from 'socket.io-adapter';
import type { Namespace } from 'socket.io';
import type { Credential, WatchedCredential } from '../../domain/credential.js';
import type { RealtimeRepository } from '../../domain/repositories/realtime.repository.js';
import type { Logger } from '../../logging/logger.js';
import type { OpenCounts } from '../account-budgets.js';
import type { ConnectionRegistry } from '../connection-registry.js';
import type { CredentialChanges } from '../credential-changes.js';
import type { RealtimeHub } from '../realtime-hub.js';
import type { JobState } from './job-progress.js';

/** Distributes events to the sockets of other api processes. */
export interface SocketAdapter {
  create(namespace: Namespace): Adapter;
  close(): Promise<void>;
}

/** A caller, and whether its credential may read the balance. */
export interface AdmittedCaller {
  readonly credential: WatchedCredential;
  readonly seesQuota: boolean;
}

/** What remote control uses of the rest of the system. */
export interface RemoteControlPorts {
  readonly logger: Logger;
  readonly hub: RealtimeHub;
  readonly registry: ConnectionRegistry;
  readonly states: Pick<RealtimeRepository, 'keepState' | 'findState'>;
  /** Without one, events reach only sockets of this process. */
  readonly adapter?: SocketAdapter;
  readonly changes: CredentialChanges;
  readonly counts: OpenCounts;
  /** @throws AppError of kind unauthenticated, forbidden or rate_limited. */
  admit(credential: Credential, address: string): Promise<AdmittedCaller>;
  /** The address of the client, which a trusted proxy may have forwarded. */
  addressOf(request: IncomingMessage): string;
  /** The state of a job, and whether it has ended. @throws AppError NOT_FOUND, also for jobs of other users. */
  job(jobId: string, userId: string): Promise<{ readonly state: JobState; readonly ended: boolean }>;
  /** What the user may still use, as the clients receive it. */
  quota(userId: string): Promise<object>;
}
