import type {
  LiveServo,
  SequenceRange,
  ServoAnswer,
  ServoAttachment,
  ServoClient,
  ServoEvent,
  ServoListener,
} from '../domain/servo-event.js';
import type {
  RecordingStop,
  ServoEndReason,
  ServoSession,
  ServoSessionProgress,
} from '../domain/servo-session.js';
import type { ServoEngine, ServoFrame, ServoResult } from '../domain/servo.js';
import { AppError } from '../errors/app-error.js';
import { guarded } from '../errors/guarded.js';
import type { Logger } from '../logging/logger.js';
import { ServoEngineKeeper } from './servo-engine-keeper.js';
import { frameSkipped, notConfirmed, sessionEnded, streamOpen } from './servo-errors.js';
import { ServoMailbox } from './servo-mailbox.js';
import { toldByRanges, type PendingFrame } from './servo-pending-frame.js';
import type { ServoRecording } from './servo-recording.js';
import { SilenceTimer } from './servo-silence.js';

/** What a live session is made of. */
export interface LiveServoSessionOptions {
  readonly session: ServoSession;
  readonly engine: ServoEngine;
  /** Present if the session is recorded. */
  readonly recording?: ServoRecording;
  /** Opens another engine with the same goal, in the place of a dead one. */
  reopen(signal: AbortSignal, dead: ServoEngine): Promise<ServoEngine>;
  /** Whether the database confirmed lately that the session is still ours. */
  isConfirmed(): boolean;
  /** The session was interrupted or resumed. */
  changed(): void;
  /** Settles the session in the database. @returns its last row */
  settle(live: LiveServoSession, reason: ServoEndReason): Promise<ServoSession>;
  readonly log: Logger;
}

/**
 * A session in the process that it lives in. One frame is computed at a time, of those that wait only the newest is kept,
 * and what was answered is counted: an answer counts once it is handed to a client that is still there.
 */
export class LiveServoSession implements LiveServo {
  readonly #options: LiveServoSessionOptions;
  readonly #mailbox = new ServoMailbox<PendingFrame>();
  readonly #watchers = new Set<ServoListener>();
  readonly #keeper: ServoEngineKeeper;
  readonly #idle: SilenceTimer;
  readonly #watchdog: SilenceTimer;
  #client: ServoClient | null = null;
  #busy = false;
  #answered = 0;
  #ending: Promise<ServoSession> | null = null;
  #settled: ServoSession | null = null;

  constructor(options: LiveServoSessionOptions) {
    this.#options = options;
    const { session, engine, reopen, log } = options;
    this.#idle = new SilenceTimer(session.idleTimeoutMs, () => this.#endUnasked('idle'));
    this.#watchdog = new SilenceTimer(
      session.watchdogMs,
      guarded(
        (error) => log.error('A timeout could not be reported.', { err: error, sessionId: session.id }),
        (silentMs: number) => this.#emit({ type: 'timeout', silentMs }),
      ),
    );
    this.#keeper = new ServoEngineKeeper({
      engine,
      reopen,
      log,
      interrupted: () => this.#interrupt(),
      resumed: () => this.#resume(),
      gaveUp: () => this.#endUnasked('engine'),
    });
    this.#idle.touch();
  }

  get id(): string {
    return this.#options.session.id;
  }

  /** Milliseconds since the last frame, or since the session was opened. */
  get silentMs(): number {
    return this.#idle.silentMs;
  }

  /** What the database is told while the session lives. */
  get progress(): ServoSessionProgress {
    return {
      id: this.id,
      status: this.#keeper.engine ? 'active' : 'interrupted',
      framesAnswered: this.#answered,
      framesSkipped: this.#mailbox.skippedCount,
      restarts: this.#keeper.restarts,
    };
  }

  get session(): ServoSession {
    return { ...this.#options.session, ...this.progress, recordStopped: this.recordStopped };
  }

  /** Why the recording stopped before the session; null if it did not, and without a recording. */
  get recordStopped(): RecordingStop | null {
    return this.#options.recording?.stopped ?? null;
  }

  /** Size of the recording; undefined without one. */
  get recordingBytes(): number | undefined {
    return this.#options.recording?.bytes;
  }

  attach(client: ServoClient): ServoAttachment {
    if (this.#ending) throw sessionEnded(this.id);
    const earlier = this.#client;
    this.#client = client;
    earlier?.replaced();
    const isHeld = (): boolean => this.#client === client;
    const deliver = (event: ServoEvent): boolean => isHeld() && client.deliver(event);
    return {
      offer: (frame) => {
        if (!isHeld()) return;
        const { sequence, captureTimeMicros } = frame;
        const reply: PendingFrame['reply'] = ({ answer, error }) =>
          deliver(
            answer ? { type: 'velocity', answer } : { type: 'error', error, sequence, captureTimeMicros },
          );
        this.#put(frame, { reply, leftOut: toldByRanges });
      },
      end: async () => void (await this.end('closed')),
      detach: () => {
        if (!isHeld()) return;
        this.#client = null;
        this.#watchdog.stop();
      },
    };
  }

  /**
   * Answers one frame of a client without a stream.
   * @throws AppError SERVO_STREAM_OPEN, SERVO_FRAME_SKIPPED, SERVO_SESSION_ENDED, and what is wrong with the frame
   */
  async step(frame: ServoFrame, signal: AbortSignal): Promise<ServoAnswer> {
    signal.throwIfAborted();
    if (this.#client) throw streamOpen();
    if (this.#ending) throw sessionEnded(this.id);
    return new Promise<ServoAnswer>((resolve, reject) => {
      const reply: PendingFrame['reply'] = ({ answer, error }) => {
        if (answer) resolve(answer);
        else reject(error);
        return !signal.aborted;
      };
      this.#put(frame, { reply, leftOut: reject });
    });
  }

  watch(listener: ServoListener): { close(): void } {
    if (this.#settled) listener({ type: 'ended', session: this.#settled });
    else this.#watchers.add(listener);
    return { close: () => void this.#watchers.delete(listener) };
  }

  /** Ends the session and settles it; may be repeated. @returns its last row */
  end(reason: ServoEndReason): Promise<ServoSession> {
    this.#ending ??= this.#finish(() => this.#options.settle(this, reason));
    return this.#ending;
  }

  /** Ends the session here, which was settled elsewhere. */
  leave(settled: ServoSession): void {
    this.#ending ??= this.#finish(() => Promise.resolve(settled));
  }

  async #finish(settle: () => Promise<ServoSession>): Promise<ServoSession> {
    this.#idle.stop();
    this.#watchdog.stop();
    this.#mailbox.drop()?.leftOut(sessionEnded(this.id));
    await this.#keeper.close();
    // Before the row says that there is a job, so that a worker finds the whole recording.
    await this.#options.recording?.close();
    const session = await settle();
    this.#settled = session;
    this.#report();
    this.#emit({ type: 'ended', session });
    this.#watchers.clear();
    return session;
  }

  #put(frame: ServoFrame, sender: Pick<PendingFrame, 'reply' | 'leftOut'>): void {
    if (this.#ending) return void sender.reply({ error: sessionEnded(this.id) });
    this.#idle.touch();
    this.#watchdog.touch();
    const older = this.#mailbox.put({ frame, receivedAt: performance.now(), ...sender });
    older?.leftOut(frameSkipped(older.frame.sequence));
    if (this.#mailbox.mustReport) this.#report();
    this.#pump();
  }

  #pump(): void {
    const { engine } = this.#keeper;
    if (this.#busy || this.#ending || !engine) return;
    const pending = this.#mailbox.take();
    if (!pending) return;
    this.#busy = true;
    void this.#step(engine, pending).finally(() => {
      this.#busy = false;
      this.#pump();
    });
  }

  async #step(engine: ServoEngine, pending: PendingFrame): Promise<void> {
    const { frame, receivedAt, reply } = pending;
    if (!this.#options.isConfirmed()) return void reply({ error: notConfirmed() });
    const startedAt = performance.now();
    try {
      const matches = this.#options.recording?.wantsImage(frame) ?? false;
      const result = await engine.step(frame, { matches });
      if (this.#ending) return void reply({ error: sessionEnded(this.id) });
      this.#keeper.answered();
      this.#answer(pending, result, startedAt - receivedAt);
    } catch (error) {
      // The end of the session takes the engine away from its last frame.
      reply({ error: this.#ending ? sessionEnded(this.id) : this.#knownError(error) });
    }
  }

  #answer({ frame, receivedAt, reply }: PendingFrame, result: ServoResult, queueMs: number): void {
    const { sequence, captureTimeMicros, toolFrame } = frame;
    const totalMs = performance.now() - receivedAt;
    const skipped = this.#mailbox.report();
    const answer = {
      frame: { sequence, captureTimeMicros, toolFrame },
      result,
      queueMs,
      totalMs,
      skipped,
    };
    if (!reply({ answer })) return this.#tellSkipped(skipped);
    // A velocity that comes after the zero of the watchdog must not last until the next frame.
    if (result.velocity) this.#watchdog.repeat();
    this.#answered += 1;
    this.#options.recording?.add(frame, answer, receivedAt);
    this.#tellWatchers({ type: 'velocity', answer });
    if (this.#answered >= this.#options.session.maxFrames) this.#endUnasked('frames');
  }

  #knownError(error: unknown): AppError {
    if (error instanceof AppError) return error;
    this.#options.log.error('A frame failed unexpectedly', { err: error, sessionId: this.id });
    return new AppError('INTERNAL', { message: 'Something went wrong on our side.' });
  }

  #interrupt(): void {
    this.#emit({ type: 'interrupted' });
    this.#options.changed();
  }

  #resume(): void {
    this.#emit({ type: 'resumed' });
    this.#options.changed();
    this.#pump();
  }

  #endUnasked(reason: ServoEndReason): void {
    this.end(reason).catch((error: unknown) =>
      this.#options.log.error('A session could not be ended', { err: error, sessionId: this.id }),
    );
  }

  /** Says which frames were left out, without an answer. */
  #report(): void {
    this.#tellSkipped(this.#mailbox.report());
  }

  #tellSkipped(skipped: readonly SequenceRange[]): void {
    if (skipped.length > 0) this.#emit({ type: 'skipped', skipped });
  }

  #emit(event: ServoEvent): void {
    this.#client?.deliver(event);
    this.#tellWatchers(event);
  }

  #tellWatchers(event: ServoEvent): void {
    for (const watcher of this.#watchers) if (!watcher(event)) this.#watchers.delete(watcher);
  }
}
