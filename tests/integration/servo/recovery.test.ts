import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import pg from 'pg';
import { presenceName } from '../../../src/domain/servo-session.js';
import { silentLogger } from '../../../src/logging/logger.js';
import { AbandonedServoSessions } from '../../../src/services/abandoned-servo-sessions.js';
import { FakeServoEngines } from '../../fakes/fake-servo-engines.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import {
  FAKE_GOAL,
  frameMessage,
  openStream,
  refusedUpgrade,
  type ShownSession,
} from '../../support/servo-client.js';

describe('sessions of several api processes', () => {
  let first: TestApi;
  let second: TestApi;
  let engines: FakeServoEngines;

  beforeEach(async () => {
    engines = new FakeServoEngines(4);
    first = await startTestApi({ servoEngines: engines });
    second = await startTestApi({ database: first.persistence.database });
  });
  afterEach(async () => {
    await second.close();
    await first.close();
  });

  const url = () => first.persistence.database.url;
  const sql = (text: string) => first.persistence.database.sequelize.query(text);
  async function opened() {
    const { client, token, user } = await first.user('pilot');
    const session = (await client.post('/api/servo/sessions', { goal: FAKE_GOAL })).at(
      'session',
    ) as ShownSession;
    const elsewhere = await second.tokens.issue(user);
    return { client, token, user, session, elsewhere };
  }
  const balanceOf = async (userId: string) => {
    const { users, ledger } = first.persistence.unitOfWork.read;
    const sum = await ledger.sumOfDeltas(userId);
    const user = await users.findById(userId);
    // A deleted account is not found any more; its ledger stays.
    if (user) expect(sum).toBe(user.balance);
    return sum;
  };

  it('of another process lead there', async () => {
    const { session, elsewhere } = await opened();
    const path = `/api/servo/sessions/${session.id}`;
    const ask = (method: string, suffix: string) =>
      fetch(`${second.url}${path}${suffix}`, {
        method,
        redirect: 'manual',
        headers: { authorization: `Bearer ${elsewhere}`, 'content-type': 'application/octet-stream' },
        ...(method === 'POST' && { body: frameMessage(1) }),
      });
    expect((await ask('GET', '')).status).toBe(200);
    for (const [method, suffix] of [
      ['POST', '/frames'],
      ['DELETE', ''],
      ['GET', '/events'],
    ]) {
      const answer = await ask(method, suffix);
      expect([answer.status, answer.headers.get('location')]).toEqual([307, `${first.url}${path}${suffix}`]);
    }
    const streamUrl = `${second.url.replace('http', 'ws')}${path}/stream`;
    expect(await refusedUpgrade(streamUrl, elsewhere)).toEqual({
      status: 307,
      location: session.streamUrl,
      code: 'SERVO_SESSION_ELSEWHERE',
    });
  });

  it('of a lost process are charged for what was recorded, and their clients are told', async () => {
    const { session, elsewhere, user } = await opened();
    await sql(
      `UPDATE servo_sessions SET frames_answered = 21, lease_expires_at = now() - interval '1 minute',
              instance_id = gen_random_uuid(), instance_url = 'http://lost.example'`,
    );
    const streamUrl = `${second.url.replace('http', 'ws')}/api/servo/sessions/${session.id}/stream`;
    expect(await refusedUpgrade(streamUrl, elsewhere)).toMatchObject({
      status: 410,
      code: 'SERVO_SESSION_LOST',
    });
    const reconciler = new AbandonedServoSessions(first.persistence.unitOfWork, silentLogger);
    // The first round only remembers it: its process may be renewing the lease right now.
    expect(await reconciler.runOnce()).toBe(0);
    expect(await reconciler.runOnce()).toBe(1);
    expect(await reconciler.runOnce()).toBe(0);
    expect(await balanceOf(user.id)).toBe(100_000_000n - 21n * 2_000n);
    const row = await first.persistence.unitOfWork.read.servoSessions.findById(session.id);
    expect(row).toMatchObject({ status: 'ended', endReason: 'lost', captured: 42_000n });
  });

  it('of a process that is gone are ended before their lease is, those of one that is only silent are not', async () => {
    const { session } = await opened();
    const lost = randomUUID();
    const client = new pg.Client({ connectionString: url(), application_name: presenceName(lost) });
    await client.connect();
    // Renewed three seconds ago.
    await sql(
      `UPDATE servo_sessions SET instance_id = '${lost}', lease_expires_at = clock_timestamp() + interval '7 seconds'`,
    );
    const { unitOfWork } = first.persistence;
    const gone = { unspentMs: 8_000, serverUpMs: 0 };
    const reconciler = new AbandonedServoSessions(unitOfWork, silentLogger, gone);
    expect([await reconciler.runOnce(), await reconciler.runOnce()]).toEqual([0, 0]);
    await client.end();
    while (await unitOfWork.read.servoSessions.isConnected(lost)) await setImmediate();
    expect([await reconciler.runOnce(), await reconciler.runOnce()]).toEqual([0, 1]);
    expect(await unitOfWork.read.servoSessions.findById(session.id)).toMatchObject({ endReason: 'lost' });
  });

  it('of a process with the same address are not taken for those of a lost one', async () => {
    const { session, elsewhere } = await opened();
    await sql(`UPDATE servo_sessions SET instance_url = '${second.url}'`);
    const streamUrl = `${second.url.replace('http', 'ws')}/api/servo/sessions/${session.id}/stream`;
    expect(await refusedUpgrade(streamUrl, elsewhere)).toMatchObject({
      status: 503,
      code: 'SERVO_INSTANCE_UNREACHABLE',
    });
    await sql('UPDATE servo_sessions SET instance_id = gen_random_uuid()');
    expect(await refusedUpgrade(streamUrl, elsewhere)).toMatchObject({
      status: 410,
      code: 'SERVO_SESSION_LOST',
    });
  });

  it('whose process renews the lease in time are not ended', async () => {
    const { session } = await opened();
    const reconciler = new AbandonedServoSessions(first.persistence.unitOfWork, silentLogger);
    const expire = (ago: string) =>
      sql(`UPDATE servo_sessions SET lease_expires_at = '2020-01-01'::timestamptz - interval '${ago}'`);
    await expire('1 minute');
    await reconciler.runOnce();
    await expire('2 minutes');
    expect(await reconciler.runOnce()).toBe(0);
    const row = await first.persistence.unitOfWork.read.servoSessions.findById(session.id);
    expect(row?.status).toBe('active');
  });

  it('that were ended elsewhere end here as well, without another charge', async () => {
    const { session, token, user } = await opened();
    const stream = openStream(session.streamUrl, token);
    await stream.next('session');
    stream.raw(frameMessage(1));
    await stream.next('velocity');
    await first.persistence.unitOfWork.run(({ users }) => users.remove(user.id));
    await new AbandonedServoSessions(first.persistence.unitOfWork, silentLogger).runOnce();
    // The stream of an account that is gone may be closed before the session's end reaches it.
    while (!engines.last.isClosed) await setImmediate();
    const { servoSessions } = first.persistence.unitOfWork.read;
    expect(await servoSessions.findById(session.id)).toMatchObject({ endReason: 'account' });
    expect(await balanceOf(user.id)).toBeGreaterThanOrEqual(100_000_000n - 2_000n);
  });

  it('are settled when their process stops', async () => {
    const { session, token, user } = await opened();
    const stream = openStream(session.streamUrl, token);
    await stream.next('session');
    for (const sequence of [1, 2, 3]) {
      stream.raw(frameMessage(sequence));
      await stream.next('velocity');
    }
    await first.api.close();
    expect(await stream.next('ended')).toMatchObject({
      session: { endReason: 'shutdown', frames: { answered: 3 }, cost: { captured: 0.006 } },
    });
    expect(await balanceOf(user.id)).toBe(100_000_000n - 6_000n);
  });

  it('are recorded once a second while they live', async () => {
    const { session, token } = await opened();
    const stream = openStream(session.streamUrl, token);
    await stream.next('session');
    for (const sequence of [1, 2]) {
      stream.raw(frameMessage(sequence));
      await stream.next('velocity');
    }
    const { servoSessions } = first.persistence.unitOfWork.read;
    for (let answered = 0; answered < 2;) {
      answered = (await servoSessions.findById(session.id))?.framesAnswered ?? 0;
    }
    stream.terminate();
  });
});
