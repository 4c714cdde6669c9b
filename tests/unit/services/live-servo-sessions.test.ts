import { v7 as uuid } from 'uuid';
import type { ServoEvent } from '../../../src/domain/servo-event.js';
import type { ServoFrame } from '../../../src/domain/servo.js';
import { AppError } from '../../../src/errors/app-error.js';
import { silentLogger } from '../../../src/logging/logger.js';
import {
  LiveServoSessions,
  SERVO_LEASE_MS,
  SPARED_SILENCE_MS,
} from '../../../src/services/live-servo-sessions.js';
import { FakeServoEngines } from '../../fakes/fake-servo-engines.js';
import { InMemoryUnitOfWork } from '../../fakes/in-memory-unit-of-work.js';
import { openServoSession } from '../../support/contracts/servo-session.contract.js';

const frame = (sequence: number): ServoFrame => ({
  format: 'jpeg',
  sequence,
  captureTimeMicros: 0n,
  size: null,
  toolFrame: false,
  bytes: new Uint8Array([1]),
});
const connected = new AbortController().signal;

describe('live sessions', () => {
  let unitOfWork: InMemoryUnitOfWork;
  let sessions: LiveServoSessions;
  let engines: FakeServoEngines;
  let isDown: boolean;
  let renewals: number;
  const instance = { id: uuid(), url: 'http://one.example' };

  beforeEach(() => {
    isDown = false;
    renewals = 0;
    engines = new FakeServoEngines(4);
    unitOfWork = new InMemoryUnitOfWork();
    const whenUp = <Value>(work: () => Promise<Value>): Promise<Value> =>
      isDown ? Promise.reject(new AppError('DATABASE_UNAVAILABLE', { message: 'down' })) : work();
    const { read } = unitOfWork;
    sessions = new LiveServoSessions({
      unitOfWork: {
        run: (work) => whenUp(() => unitOfWork.run(work)),
        read: {
          ...read,
          servoSessions: Object.assign(Object.create(read.servoSessions) as typeof read.servoSessions, {
            renew: (...given: Parameters<typeof read.servoSessions.renew>) => {
              renewals += 1;
              return whenUp(() => read.servoSessions.renew(...given));
            },
          }),
        },
      },
      instance,
      log: silentLogger,
    });
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    isDown = false;
    await sessions.closeAll('shutdown');
  });

  async function live(maxFrames = 100) {
    const harness = { unitOfWork, messages: async () => [], close: async () => undefined };
    const session = await openServoSession(harness, { instance, maxFrames });
    const reopen = () => engines.open(session.setup, { kind: 'image', bytes: new Uint8Array([1]) });
    const engine = await reopen();
    return sessions.add({ session, engine, reopen });
  }
  const rowOf = ({ id }: { readonly id: string }) => unitOfWork.read.servoSessions.findById(id);

  it('go on without the database, and are charged exactly once it is back', async () => {
    const session = await live();
    await session.step(frame(1), connected);
    await sessions.record();
    expect((await rowOf(session))?.framesAnswered).toBe(1);
    isDown = true;
    await session.step(frame(2), connected);
    await sessions.record();
    const end = session.end('closed');
    await expect(session.step(frame(3), connected)).rejects.toMatchObject({ code: 'SERVO_SESSION_ENDED' });
    await sessions.record();
    expect(await rowOf(session)).toMatchObject({ status: 'active', framesAnswered: 1 });
    isDown = false;
    await sessions.record();
    expect(await end).toMatchObject({ status: 'ended', framesAnswered: 2, captured: 4_000n });
    expect(sessions.size).toBe(0);
  });

  it('are written when a count has changed, and once a second in any case', async () => {
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
    const session = await live();
    await sessions.record();
    expect(renewals).toBe(0);
    await session.step(frame(1), connected);
    await sessions.record();
    await sessions.record();
    expect(renewals).toBe(1);
    clock.mockReturnValue(now + 1000);
    await sessions.record();
    expect(renewals).toBe(2);
  });

  it('answer nothing more once the database was away for the length of a lease', async () => {
    const session = await live();
    isDown = true;
    await sessions.record();
    const now = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => now + SERVO_LEASE_MS + 1);
    await expect(session.step(frame(1), connected)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    isDown = false;
    await sessions.record();
    await session.step(frame(2), connected);
    expect(await session.end('closed')).toMatchObject({ framesAnswered: 1 });
  });

  it('do not count an answer that nobody got', async () => {
    const session = await live();
    const engine = engines.last;
    engine.holds = true;
    const gone = new AbortController();
    const answer = session.step(frame(1), gone.signal);
    await engine.holding();
    gone.abort();
    engine.answer();
    await answer;
    expect(session.progress.framesAnswered).toBe(0);
    const client = { deliver: () => false, replaced: () => undefined };
    engine.holds = false;
    session.attach(client).offer(frame(2));
    await session.end('closed');
    expect((await rowOf(session))?.captured).toBe(0n);
  });

  it('tell frames that were left out even when no answer follows', async () => {
    const session = await live();
    const events: ServoEvent[] = [];
    const engine = engines.last;
    engine.holds = true;
    const attachment = session.attach({
      deliver: (event) => events.push(event) > 0,
      replaced: () => undefined,
    });
    for (const sequence of [1, 2, 3, 4]) attachment.offer(frame(sequence));
    await attachment.end();
    expect(events.map(({ type }) => type)).toEqual(['error', 'skipped', 'ended']);
    expect(events[1]).toEqual({ type: 'skipped', skipped: [[2, 4]] });
  });

  it('answer a request whose frame waits when a stream takes over or the session ends', async () => {
    const session = await live();
    const engine = engines.last;
    engine.holds = true;
    const computed = session.step(frame(1), connected);
    const passedOver = session.step(frame(2), connected);
    const client = { deliver: () => true, replaced: () => undefined };
    session.attach(client).offer(frame(3));
    await expect(passedOver).rejects.toMatchObject({ code: 'SERVO_FRAME_SKIPPED' });
    engine.answer();
    await expect(computed).resolves.toMatchObject({ frame: { sequence: 1 } });

    const other = await live();
    engines.last.holds = true;
    const first = other.step(frame(1), connected);
    const waiting = other.step(frame(2), connected);
    other.attach(client);
    const ended = expect(waiting).rejects.toMatchObject({ code: 'SERVO_SESSION_ENDED' });
    const cut = expect(first).rejects.toMatchObject({ code: 'SERVO_SESSION_ENDED' });
    await other.end('closed');
    await Promise.all([ended, cut]);
  });

  it('tell watchers of frames that were left out before an answer that nobody got', async () => {
    const session = await live();
    const engine = engines.last;
    engine.holds = true;
    const seen: ServoEvent[] = [];
    session.watch((event) => seen.push(event) > 0);
    const attachment = session.attach({ deliver: () => false, replaced: () => undefined });
    for (const sequence of [1, 2, 3, 4]) attachment.offer(frame(sequence));
    await engine.holding();
    engine.answer();
    await engine.holding();
    expect(seen).toEqual([{ type: 'skipped', skipped: [[2, 3]] }]);
  });

  it('make room for an account with fewer of them when they were silent for a minute', async () => {
    const session = await live();
    const { userId } = session.session;
    await sessions.makeRoom(uuid());
    expect(sessions.size).toBe(1);
    const now = performance.now();
    jest.spyOn(performance, 'now').mockImplementation(() => now + SPARED_SILENCE_MS + 1);
    await sessions.makeRoom(userId);
    expect(sessions.size).toBe(1);
    const watched = await live();
    await sessions.makeRoom(uuid());
    expect(sessions.get(session.id)).toBeUndefined();
    expect(await rowOf(session)).toMatchObject({ status: 'ended', endReason: 'idle', captured: 0n });
    await sessions.makeRoom(uuid());
    expect(sessions.get(watched.id)).toBe(watched);
  });
});
