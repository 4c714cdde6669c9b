import type { AbandonedServoSession, GoneProcess } from '../domain/repositories/servo-session.repository.js';
import type { UnitOfWork } from '../domain/repositories/unit-of-work.js';
import type { Logger } from '../logging/logger.js';
import { SERVO_LEASE_MS } from './live-servo-sessions.js';
import { settleSession } from './servo-settlement.js';

/** Sessions looked at in one round; the rest follows in the next one. */
const PORTION = 100;
/** A process that is not connected and has said nothing for two seconds is gone, unless the database was restarted. */
const GONE: GoneProcess = { unspentMs: SERVO_LEASE_MS - 2_000, serverUpMs: 15_000 };

/**
 * Ends sessions that nobody keeps alive: those of an api process that was lost, and those of deleted accounts. The rows say
 * alone what is charged, so that it may be repeated and run at several places at once.
 *
 * A session is ended when the next round finds it unchanged: after an outage of the database, its server has the time between
 * two rounds to renew the lease and to record what it answered meanwhile.
 */
export class AbandonedServoSessions {
  readonly #unitOfWork: UnitOfWork;
  readonly #log: Logger;
  /** Ends of leases that were found in the last round, by session. */
  #expired = new Map<string, number>();

  readonly #gone: GoneProcess;

  constructor(unitOfWork: UnitOfWork, log: Logger, gone = GONE) {
    this.#gone = gone;
    this.#unitOfWork = unitOfWork;
    this.#log = log;
  }

  /** One round. @returns how many sessions it ended */
  async runOnce(): Promise<number> {
    const before = this.#expired;
    // A round that fails says that the database was away, and the next one is the first again.
    this.#expired = new Map();
    const found = await this.#unitOfWork.read.servoSessions.findAbandoned(PORTION, this.#gone);
    const due = found.filter(
      ({ id, reason, leaseExpiresAt }) => reason === 'account' || before.get(id) === leaseExpiresAt.getTime(),
    );
    this.#expired = new Map(found.map(({ id, leaseExpiresAt }) => [id, leaseExpiresAt.getTime()]));
    let ended = 0;
    for (const session of due) if (await this.#end(session)) ended += 1;
    return ended;
  }

  /** Looks at the row again under its lock: it may have changed since it was listed. */
  async #end({ id, reason, leaseExpiresAt }: AbandonedServoSession): Promise<boolean> {
    return this.#unitOfWork.run(async (scope) => {
      const session = await scope.servoSessions.lock(id);
      if (!session || session.status === 'ended') return false;
      if (reason === 'lost' && session.leaseExpiresAt?.getTime() !== leaseExpiresAt.getTime()) return false;
      await settleSession(scope, session, { reason });
      const { framesAnswered } = session;
      this.#log.warn('A session of live servoing was abandoned and is ended.', {
        sessionId: id,
        reason,
        framesAnswered,
      });
      return true;
    });
  }
}
