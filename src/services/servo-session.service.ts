import { v7 as uuid } from 'uuid';
import { quote, type Quote } from '../domain/money.js';
import type { OutcomeRecord } from '../domain/outcome-record.js';
import type { Page, PageRequest } from '../domain/repositories/pages.js';
import type { TransactionScope, UnitOfWork } from '../domain/repositories/unit-of-work.js';
import { MAX_RECORDED_FRAMES, type RecordingStore } from '../domain/servo-recording.js';
import type { UserLimits } from '../domain/quota.js';
import type { ServoInstance, ServoSession, ServoSessionStatus } from '../domain/servo-session.js';
import type { ServoEngine, ServoEngines, ServoSetup } from '../domain/servo.js';
import type { Principal } from '../domain/user.js';
import { AppError } from '../errors/app-error.js';
import type { LiveServoSession } from './live-servo-session.js';
import { SERVO_LEASE_MS, type LiveServoSessions } from './live-servo-sessions.js';
import type { NetworkRights } from './network-rights.service.js';
import { policyNetwork } from './require-network.js';
import { requireBalance } from './pricing.service.js';
import { sameAddress, sessionEnded, SessionElsewhere, sessionLost, tooManySessions } from './servo-errors.js';
import type { ServoGoal, ServoGoalRequest, ServoGoals } from './servo-goals.js';
import { ServoRecording } from './servo-recording.js';
import { grantRecording } from './upload-quota.js';
import { holdForSession, SERVO_PRICE_PRESET, SERVO_PRICE_UNIT } from './servo-settlement.js';

/** What {@link ServoSessionService.open} is asked for. */
export interface OpenServoSession {
  readonly principal: Principal;
  readonly goal: ServoGoalRequest;
  readonly setup: ServoSetup;
  readonly idleTimeoutMs: number;
  readonly watchdogMs: number;
  readonly maxFrames: number;
  /** Whether the session ends as a job. */
  readonly record: boolean;
  /** How long to wait in line for an engine. */
  readonly waitMs: number;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
  /** Where the session is kept for repeats of the request, in the same transaction. */
  readonly kept?: OutcomeRecord<ServoSession>;
}

/** What {@link ServoSessionService} uses. */
export interface ServoSessionServiceDeps {
  readonly unitOfWork: UnitOfWork;
  readonly engines: ServoEngines;
  readonly sessions: LiveServoSessions;
  readonly goals: Pick<ServoGoals, 'find'>;
  readonly instance: ServoInstance;
  readonly rights: Pick<NetworkRights, 'require'>;
  /** Detectors of this installation. */
  readonly detectors: readonly string[];
  /** Throws STORAGE_FULL while the disk is too full to take on work. */
  requireSpace(): Promise<void>;
  readonly recordings: Pick<RecordingStore, 'create' | 'remove'>;
  /** Maximum size of a recording. */
  readonly maxRecordingBytes: number;
  /** Limits of users without limits of their own. */
  readonly quotas: UserLimits;
  /** Sessions of one account at the same time. */
  readonly maxPerUser: number;
}

/** What a session is created from. */
interface SessionParts {
  readonly id: string;
  readonly goal: ServoGoal;
  readonly engine: ServoEngine;
  readonly price: Quote;
}

/** Images of goals that are kept for each user. */
const KEPT_GOALS = 20;

/** Opens, shows and ends sessions of live servoing. Another user's session does not exist for the caller. */
export class ServoSessionService {
  readonly #deps: ServoSessionServiceDeps;
  /** Sessions that wait for their engine, by user. */
  readonly #opening = new Map<string, number>();

  constructor(deps: ServoSessionServiceDeps) {
    this.#deps = deps;
  }

  /**
   * The price of a session by the code that charges.
   * @throws AppError what {@link open} refuses before it takes an engine, but for the balance, and NOT_FOUND for a missing goal
   */
  async quote(
    request: Pick<OpenServoSession, 'principal' | 'goal' | 'setup' | 'maxFrames' | 'record'>,
  ): Promise<Quote> {
    await this.#requireSetup(request);
    await this.#deps.goals.find(request.goal, request.principal.userId);
    return this.#price(request);
  }

  async #price({ maxFrames, record }: Pick<OpenServoSession, 'maxFrames' | 'record'>): Promise<Quote> {
    const prices = await this.#deps.unitOfWork.read.prices.current(SERVO_PRICE_PRESET);
    const price = quote(prices, { [SERVO_PRICE_UNIT]: maxFrames });
    return record ? { ...price, warnings: recordingNotes(maxFrames) } : price;
  }

  /**
   * Sets up the goal in an engine, then holds the price of all frames and records the session in one transaction. What
   * fails before it costs nothing.
   * @throws AppError INSUFFICIENT_CREDITS, TOO_MANY_SERVO_SESSIONS, STORAGE_QUOTA_EXCEEDED, SERVO_ENGINES_BUSY, DETECTOR_NOT_AVAILABLE,
   * NETWORK_NOT_FOUND, and what is wrong with the goal
   */
  async open(request: OpenServoSession): Promise<ServoSession> {
    const { setup, waitMs, signal, principal } = request;
    const { engines, goals, unitOfWork } = this.#deps;
    const { userId } = principal;
    await this.#requireSetup(request);
    await this.#deps.requireSpace();
    const price = await this.#price(request);
    await requireBalance(unitOfWork.read.users, userId, price.total);
    const leave = await this.#enter(userId);
    try {
      const goal = await goals.find(request.goal, userId);
      const id = uuid();
      if (engines.free === 0) await this.#deps.sessions.makeRoom(userId);
      const engine = await goal.withSource((source) =>
        engines.open(setup, source, { owner: userId, waitMs, signal, goalImage: request.record }),
      );
      const started = await this.#start(request, { id, goal, engine, price }).catch(
        async (error: unknown) => {
          await engine.close();
          throw error;
        },
      );
      this.#deps.sessions.add({
        ...started,
        engine,
        reopen: (ending, replaces) =>
          goal.withSource((source) =>
            engines.open(setup, source, { owner: userId, waitMs: 0, signal: ending, replaces }),
          ),
      });
      return started.session;
    } finally {
      leave();
    }
  }

  /** Sessions of the caller, newest first. */
  async list(
    { userId }: Pick<Principal, 'userId'>,
    filter: PageRequest & { readonly status?: readonly ServoSessionStatus[] },
  ): Promise<Page<ServoSession>> {
    const page = await this.#deps.unitOfWork.read.servoSessions.list({ ...filter, userId });
    return { ...page, rows: page.rows.map((session) => this.#current(session)) };
  }

  /** @throws AppError NOT_FOUND */
  async get(id: string, { userId }: Pick<Principal, 'userId'>): Promise<ServoSession> {
    return this.#current(await this.#deps.unitOfWork.read.servoSessions.requireOwned(id, userId));
  }

  /**
   * The session in this process.
   * @throws AppError NOT_FOUND, SERVO_SESSION_ENDED, SERVO_SESSION_LOST, SERVO_INSTANCE_UNREACHABLE; SessionElsewhere with
   * the address of its instance
   */
  async requireLive(id: string, { userId }: Pick<Principal, 'userId'>): Promise<LiveServoSession> {
    // The row of a session that lives here says nothing new.
    const live = this.#deps.sessions.get(id.toLowerCase());
    if (live?.session.userId === userId) return live;
    const { servoSessions } = this.#deps.unitOfWork.read;
    const session = await servoSessions.requireOwned(id, userId);
    const { instance } = this.#deps;
    if (session.status === 'ended' || session.instance.id === instance.id) throw sessionEnded(id);
    if (hasExpired(session)) throw sessionLost(id);
    if (session.instance.url !== instance.url) throw new SessionElsewhere(session);
    // Our predecessor, unless another machine has the same address, as `localhost` behind a balancer.
    throw (await servoSessions.isConnected(session.instance.id)) ? sameAddress(session) : sessionLost(id);
  }

  /** Ends a session; one that has ended already is shown as it is. @throws AppError as {@link requireLive} */
  async close(id: string, principal: Pick<Principal, 'userId'>): Promise<ServoSession> {
    const session = await this.get(id, principal);
    if (session.status === 'ended') return session;
    return (await this.requireLive(id, principal)).end('closed');
  }

  /** Counts of a session that lives here are newer than its row. */
  #current(session: ServoSession): ServoSession {
    if (session.status === 'ended') return session;
    const live = this.#deps.sessions.get(session.id);
    return live ? { ...session, ...live.progress, recordStopped: live.recordStopped } : session;
  }

  async #requireSetup({ principal, setup }: Pick<OpenServoSession, 'principal' | 'setup'>): Promise<void> {
    const network = policyNetwork(setup.policy);
    if (network !== null) await this.#deps.rights.require(principal, network);
    this.#requireDetector(setup.detector);
  }

  #requireDetector(name: string): void {
    const { detectors } = this.#deps;
    if (detectors.some((other) => other.toUpperCase() === name.toUpperCase())) return;
    const message = `detector: ${name} is not available here; available are ${detectors.join(', ')}.`;
    const issues = [
      { pointer: '/detector', message: `${name} is not available`, code: 'DETECTOR_NOT_AVAILABLE' },
    ];
    throw new AppError('DETECTOR_NOT_AVAILABLE', { message, issues });
  }

  /** Counts a session that is being opened. @returns what takes it off the count */
  async #enter(userId: string): Promise<() => void> {
    const change = (by: number): void => {
      const count = (this.#opening.get(userId) ?? 0) + by;
      if (count > 0) this.#opening.set(userId, count);
      else this.#opening.delete(userId);
    };
    change(1);
    const leave = (): void => change(-1);
    try {
      const live = await this.#deps.unitOfWork.read.servoSessions.countLive(userId);
      if (live + (this.#opening.get(userId) ?? 0) > this.#deps.maxPerUser)
        throw tooManySessions(this.#deps.maxPerUser);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /** The recording exists before the session, so that a disk that cannot be written refuses the request. */
  async #start(
    request: OpenServoSession,
    parts: SessionParts,
  ): Promise<{ readonly session: ServoSession; readonly recording?: ServoRecording }> {
    if (!request.record) return { session: await this.#create(request, parts) };
    const { recordings, maxRecordingBytes } = this.#deps;
    const { id, goal, engine } = parts;
    const log = await recordings.create(id);
    try {
      const session = await this.#create(request, parts);
      const { recordingBytes: maxBytes, maxFrames } = session;
      const maxBytesOf = maxBytes < maxRecordingBytes ? 'quota' : 'size';
      const image = goal.bytes ?? engine.goalImage;
      return { session, recording: new ServoRecording(log, image, { maxBytes, maxBytesOf, maxFrames }) };
    } catch (error) {
      await log.close();
      await recordings.remove(id);
      throw error;
    }
  }

  #create(
    { principal, setup, idleTimeoutMs, watchdogMs, maxFrames, record, kept }: OpenServoSession,
    { id, goal, engine, price }: SessionParts,
  ): Promise<ServoSession> {
    const { userId } = principal;
    return this.#deps.unitOfWork.run(async (scope) => {
      await this.#requireRoom(scope, userId);
      const { maxRecordingBytes: maxBytes, quotas } = this.#deps;
      const recordingBytes = record ? await grantRecording(scope, { userId, maxBytes }, quotas) : 0;
      if (goal.image) await scope.servoSessions.keepGoal(userId, goal.image, KEPT_GOALS);
      const session = await scope.servoSessions.create({
        id,
        userId,
        instance: this.#deps.instance,
        setup,
        goalSource: goal.reference,
        goal: engine.goal,
        idleTimeoutMs,
        watchdogMs,
        maxFrames,
        record,
        recordingBytes,
        pricePreset: price.preset,
        priceVersion: price.version,
        held: price.total,
        leaseMs: SERVO_LEASE_MS,
      });
      await holdForSession(scope, session);
      await kept?.record(scope, session);
      return session;
    });
  }

  /** Under the lock of the account, so that sessions at the same time are counted one after the other. */
  async #requireRoom({ users, servoSessions }: TransactionScope, userId: string): Promise<void> {
    await users.lock(userId);
    const { maxPerUser } = this.#deps;
    if ((await servoSessions.countLive(userId)) >= maxPerUser) throw tooManySessions(maxPerUser);
  }
}

/** What a quote says of a recording. */
function recordingNotes(maxFrames: number): readonly string[] {
  const free = 'The job that renders the recording costs nothing: the session pays for its frames.';
  if (maxFrames <= MAX_RECORDED_FRAMES) return [free];
  return [free, `The recording stops after ${String(MAX_RECORDED_FRAMES)} frames; the session goes on.`];
}

/** Clocks of processes may differ by a little; the reconciler ends such a session by the clock of the database. */
function hasExpired({ leaseExpiresAt }: ServoSession): boolean {
  return leaseExpiresAt !== null && leaseExpiresAt.getTime() + SERVO_LEASE_MS < Date.now();
}
