import { randomUUID } from 'node:crypto';
import os from 'node:os';
import type { ServoInstance, ServoSession } from '../domain/servo-session.js';
import { toProblem } from '../middlewares/problem.js';
import type { Refusal } from '../realtime/upgrade-refusal.js';
import { LiveServoSessions } from '../services/live-servo-sessions.js';
import { SessionElsewhere } from '../services/servo-errors.js';
import { ServoGoals } from '../services/servo-goals.js';
import type { NetworkRights } from '../services/network-rights.service.js';
import { ServoSessionService } from '../services/servo-session.service.js';
import { readStored } from './read-stored.js';
import type { ApiDeps } from './api-deps.js';

/** This process as a place of sessions; its address is known once it listens. */
class ApiInstance implements ServoInstance {
  readonly #configured: string | undefined;
  #url: string;

  constructor(
    readonly id: string,
    configured: string | undefined,
  ) {
    this.#configured = configured?.replace(/\/$/, '');
    this.#url = this.#configured ?? '';
  }

  get url(): string {
    return this.#url;
  }

  /** Whether clients reach this process by a URL that the operator gave. */
  get isConfigured(): boolean {
    return this.#configured !== undefined;
  }

  /** The process listens at `url`. */
  listens(url: string, host: string): void {
    if (this.isConfigured) return;
    // Others reach every address of this machine by its name.
    const isEverywhere = host === '0.0.0.0' || host === '::';
    this.#url = isEverywhere ? url.replace('//localhost:', `//${os.hostname()}:`) : url;
  }
}

/** Scheme and host by which a client reached the API. */
export interface Reached {
  readonly protocol: string;
  readonly host: string | undefined;
}

/** Wires the sessions of live servoing. */
export function createServo(
  { settings, unitOfWork, uploads, servo, logger }: ApiDeps,
  rights: NetworkRights,
) {
  const { instanceId, ...parts } = servo;
  const instance = new ApiInstance(instanceId, settings.http.instanceUrl);
  const sessions = new LiveServoSessions({
    unitOfWork,
    instance,
    log: logger.child({ component: 'servo' }),
  });
  const service = new ServoSessionService({
    ...parts,
    unitOfWork,
    sessions,
    instance,
    rights,
    goals: new ServoGoals({
      read: unitOfWork.read,
      readMedia: (media) => readStored(uploads.store, media),
      borrow: ({ storageKey, sha256 }) => uploads.store.borrow(storageKey, sha256),
    }),
    maxRecordingBytes: settings.servo.maxRecordingBytes,
    quotas: settings.quota,
    maxPerUser: settings.servo.sessionsPerUser,
  });
  const { publicUrl } = settings.http;
  return {
    instance,
    sessions,
    service,
    maxFrameBytes: settings.servo.maxFrameBytes,
    /** A session of this process is reached as the client reached it; one of another process by that one's address. */
    baseOf: (session: ServoSession, { protocol, host }: Reached): string => {
      if (instance.isConfigured || session.instance.id !== instance.id) return session.instance.url;
      return publicUrl?.replace(/\/$/, '') ?? `${protocol}://${host ?? 'localhost'}`;
    },
  };
}

/** See {@link createServo}. */
export type Servo = ReturnType<typeof createServo>;

/** An upgrade that is refused, as problem details; for a session of another instance the way there. */
export function streamRefusal(error: unknown, path: string): Refusal {
  const { status, headers, body } = toProblem(error, { id: randomUUID(), path });
  if (!(error instanceof SessionElsewhere)) return { status, headers, body };
  const { streamUrl } = error;
  return {
    status: 307,
    headers: { ...headers, Location: streamUrl },
    body: { ...body, location: streamUrl },
  };
}
