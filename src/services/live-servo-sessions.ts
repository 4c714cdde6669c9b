import { isDeepStrictEqual } from 'node:util';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type {
  ServoEndReason,
  ServoInstance,
  ServoSession,
  ServoSessionProgress,
} from '../domain/servo-session.js';
import { notFound } from '../errors/common-errors.js';
import type { Logger } from '../logging/logger.js';
import { LiveServoSession, type LiveServoSessionOptions } from './live-servo-session.js';
import { settleSession } from './servo-settlement.js';

/** How long the database believes that a session lives after its last word. */
export const SERVO_LEASE_MS = 10_000;
/** How often counts that have changed are written: what a crash costs at most. */
const RECORD_INTERVAL_MS = 250;
/** How often leases are renewed of sessions whose counts do not change. */
const RENEWAL_MS = 1_000;

/** Silence after which a session makes room for an account with fewer sessions: the idle timeout unless set. */
export const SPARED_SILENCE_MS = 60_000;

/** What {@link LiveServoSessions} uses. */
export interface LiveServoSessionsDeps {
  readonly unitOfWork: UnitOfWork;
  readonly instance: ServoInstance;
  readonly log: Logger;
}

/** What a session needs besides what all sessions of a process share. */
type OwnOptions = Pick<LiveServoSessionOptions, 'session' | 'engine' | 'recording' | 'reopen'>;

/** What the database knows of a session, and since when. */
interface Confirmed {
  readonly at: number;
  readonly progress: ServoSessionProgress;
}

/** A session that has ended here and waits to be settled. */
interface Unsettled {
  readonly live: LiveServoSession;
  readonly reason: ServoEndReason;
  resolve(session: ServoSession): void;
}

/**
 * The sessions of this process. Four times a second, the counts that have changed are written by one statement, which renews
 * the leases as well; a session that the database has not confirmed for the length of a lease answers no more frames.
 */
export class LiveServoSessions {
  readonly #deps: LiveServoSessionsDeps;
  readonly #live = new Map<string, LiveServoSession>();
  readonly #unsettled = new Map<string, Unsettled>();
  readonly #confirmed = new Map<string, Confirmed>();
  #timer: NodeJS.Timeout | undefined;
  #recording: Promise<void> | null = null;
  #closing = false;

  constructor(deps: LiveServoSessionsDeps) {
    this.#deps = deps;
  }

  /** Sessions of this process that have not been settled. */
  get size(): number {
    return this.#live.size;
  }

  get(id: string): LiveServoSession | undefined {
    return this.#live.get(id);
  }

  /** Takes a session that was just created. */
  add(options: OwnOptions): LiveServoSession {
    const { id } = options.session;
    const live = new LiveServoSession({
      ...options,
      log: this.#deps.log,
      isConfirmed: () => this.#confirmedAgoMs(id) < SERVO_LEASE_MS,
      changed: () => void this.record(),
      settle: (own, reason) => this.#settle(own, reason),
    });
    this.#confirmed.set(id, { at: performance.now(), progress: live.progress });
    this.#live.set(id, live);
    this.#timer ??= setInterval(() => void this.record(), RECORD_INTERVAL_MS).unref();
    if (this.#closing) void live.end('shutdown');
    return live;
  }

  /**
   * Ends the session that has been silent for longest, if it was for a minute and belongs to an account with more sessions
   * than this one; otherwise one account could keep all engines for nothing.
   */
  async makeRoom(userId: string): Promise<void> {
    const counts = new Map<string, number>();
    for (const { session } of this.#live.values())
      counts.set(session.userId, (counts.get(session.userId) ?? 0) + 1);
    const countOf = (user: string): number => counts.get(user) ?? 0;
    const [silent] = [...this.#live.values()]
      .filter((live) => live.silentMs > SPARED_SILENCE_MS && countOf(live.session.userId) > countOf(userId))
      .sort((a, b) => b.silentMs - a.silentMs);
    await silent?.end('idle');
  }

  /** Ends all sessions: the process stops. What cannot be settled now is settled by the reconciler, from its row. */
  async closeAll(reason: ServoEndReason): Promise<void> {
    this.#closing = true;
    const ends = [...this.#live.values()].map((live) => live.end(reason));
    await this.record();
    for (const { live, resolve } of [...this.#unsettled.values()]) {
      this.#unsettled.delete(live.id);
      this.#forget(live.id);
      resolve(live.session);
    }
    await Promise.all(ends);
  }

  /** Writes how far all sessions are, and settles what could not be settled before. Never fails. */
  record(): Promise<void> {
    this.#recording ??= this.#write()
      .catch((error: unknown) =>
        this.#deps.log.warn('Sessions of live servoing could not be recorded; it is tried again.', {
          err: error,
        }),
      )
      .finally(() => (this.#recording = null));
    return this.#recording;
  }

  async #write(): Promise<void> {
    const { unitOfWork, instance } = this.#deps;
    const due = [...this.#live.values()]
      .map((live) => ({ live, progress: live.progress }))
      .filter(({ live, progress }) => this.#isDue(live, progress));
    if (due.length === 0) return;
    const { servoSessions } = unitOfWork.read;
    // Before the statement is sent: what it confirms is true from then on.
    const at = performance.now();
    const ours = await servoSessions.renew(
      instance.id,
      SERVO_LEASE_MS,
      due.map(({ progress }) => progress),
    );
    for (const { live, progress } of due) {
      if (!ours.has(live.id)) await this.#leave(live);
      else if (this.#live.has(live.id)) this.#confirmed.set(live.id, { at, progress });
    }
    const failures: unknown[] = [];
    // One after the other, but none waits for the success of another one.
    for (const unsettled of [...this.#unsettled.values()])
      await this.#retry(unsettled).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }

  #confirmedAgoMs(id: string): number {
    return performance.now() - (this.#confirmed.get(id)?.at ?? -Infinity);
  }

  #isDue({ id }: LiveServoSession, progress: ServoSessionProgress): boolean {
    const known = this.#confirmed.get(id)?.progress;
    return (
      this.#unsettled.has(id) || this.#confirmedAgoMs(id) >= RENEWAL_MS || !isDeepStrictEqual(known, progress)
    );
  }

  /** Lets go of a session that others have ended. */
  async #leave(live: LiveServoSession): Promise<void> {
    // Its own end may be under way.
    if (!this.#live.has(live.id)) return;
    const session = await this.#deps.unitOfWork.read.servoSessions.findById(live.id);
    if (session && session.status !== 'ended') return;
    this.#forget(live.id);
    live.leave(session ?? live.session);
  }

  async #settle(live: LiveServoSession, reason: ServoEndReason): Promise<ServoSession> {
    try {
      return await this.#record(live, reason);
    } catch (error) {
      this.#deps.log.warn('A session could not be settled yet; it is tried again.', {
        err: error,
        sessionId: live.id,
      });
      if (this.#closing) {
        this.#forget(live.id);
        return live.session;
      }
      return new Promise((resolve) => this.#unsettled.set(live.id, { live, reason, resolve }));
    }
  }

  async #retry({ live, reason, resolve }: Unsettled): Promise<void> {
    const session = await this.#record(live, reason);
    this.#unsettled.delete(live.id);
    resolve(session);
  }

  async #record(live: LiveServoSession, reason: ServoEndReason): Promise<ServoSession> {
    const { id } = live;
    const settled = await this.#deps.unitOfWork.run(async (scope) => {
      const session = await scope.servoSessions.lock(id);
      if (!session) throw notFound('Session', id);
      if (session.status === 'ended') return session;
      const { progress, recordStopped, recordingBytes } = live;
      const outcome = { ...progress, recordStopped, recordingBytes, reason };
      const ended = await settleSession(scope, session, outcome);
      return ended ?? session;
    });
    this.#forget(id);
    return settled;
  }

  #forget(id: string): void {
    this.#live.delete(id);
    this.#confirmed.delete(id);
    if (this.#live.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
