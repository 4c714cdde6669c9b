import { once } from 'node:events';
import { WebSocket } from 'ws';
import { readAnswer } from '../../../src/protocols/servo-stream/answer-message.js';
import { TokenService } from '../../../src/services/token.service.js';
import { FakeServoEngines } from '../../fakes/fake-servo-engines.js';
import type { ApiClient } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { RealtimeClient } from '../../support/realtime-client.js';
import {
  FAKE_GOAL,
  frameMessage,
  openStream,
  refusedUpgrade,
  type ShownSession,
} from '../../support/servo-client.js';

/** A message whose header has its numbers and a format that there is not. */
function ofUnknownFormat(sequence: number): Buffer {
  const message = frameMessage(sequence);
  message[1] = 99;
  return message;
}

describe('the stream of a session', () => {
  let api: TestApi;
  let engines: FakeServoEngines;
  let client: ApiClient;
  let token: string;
  const streams: RealtimeClient[] = [];
  let users = 0;

  beforeAll(async () => {
    engines = new FakeServoEngines(4);
    api = await startTestApi({ servoEngines: engines, settings: { SERVO_FRAME_MAX_MB: '1' } });
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    users += 1;
    ({ client, token } = await api.user(`streamer${String(users)}`));
  });
  afterEach(async () => {
    streams.splice(0).forEach((stream) => stream.terminate());
    const { data } = (await client.get('/api/servo/sessions?status=active&status=interrupted')).json as {
      data: ShownSession[];
    };
    for (const { id } of data) await client.delete(`/api/servo/sessions/${id}`);
  });

  const open = async (body: object = {}): Promise<ShownSession> =>
    (await client.post('/api/servo/sessions', { goal: FAKE_GOAL, ...body })).at('session') as ShownSession;
  const connect = async (session: ShownSession): Promise<RealtimeClient> => {
    const stream = openStream(session.streamUrl, token);
    streams.push(stream);
    await stream.next('session');
    return stream;
  };
  const shown = async ({ id }: ShownSession): Promise<ShownSession> =>
    (await client.get(`/api/servo/sessions/${id}`)).at('session') as ShownSession;

  it('that is opened while the session ends says so, and closes', async () => {
    const session = await open();
    let finish: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      engines.last.onClose = () => {
        resolve();
        return new Promise((done) => (finish = done));
      };
    });
    const ended = client.delete(`/api/servo/sessions/${session.id}`);
    await begun;
    const stream = openStream(session.streamUrl, token);
    streams.push(stream);
    expect(await stream.next('error')).toMatchObject({ error: { code: 'SERVO_SESSION_ENDED' } });
    expect(await stream.closed()).toBe(4400);
    finish();
    expect((await ended).status).toBe(200);
  });

  it('answers each frame, reports skipped ones, and ends with what was captured', async () => {
    const stream = await connect(await open());
    stream.raw(frameMessage(1));
    expect(await stream.next('velocity')).toMatchObject({
      seq: 1,
      captureTimeUs: '1000',
      velocity: [0, 0, 1, 0, 0, 0],
      velocityTool: null,
      status: 'tracking',
      skipped: [],
      timingsMs: { decode: 1, detect: 2, match: 3, network: 4 },
    });
    const engine = engines.last;
    engine.holds = true;
    stream.raw(frameMessage(2));
    await engine.holding();
    for (const sequence of [3, 4, 5, 9, 10]) stream.raw(frameMessage(sequence));
    stream.send({ type: 'ping' });
    await stream.next('pong');
    engine.holds = false;
    engine.answer();
    expect(await stream.next('velocity')).toMatchObject({
      seq: 2,
      skipped: [
        [3, 5],
        [9, 9],
      ],
    });
    expect(await stream.next('velocity')).toMatchObject({ seq: 10, skipped: [] });
    expect(engine.frames).toEqual([1, 2, 10]);
    stream.send({ type: 'end' });
    expect(await stream.next('ended')).toMatchObject({
      session: { status: 'ended', endReason: 'closed', cost: { held: 0, captured: 0.006 } },
    });
    expect(await stream.closed()).toBe(1000);
  });

  it('answers in 64 bytes on request', async () => {
    const session = await open();
    const socket = new WebSocket(session.streamUrl, 'infernode.servo.binary', {
      headers: { authorization: `Bearer ${token}` },
    });
    await once(socket, 'open');
    const ask = async (frame: Buffer) => {
      const binary = new Promise<Buffer>((resolve) => {
        const take = (data: Buffer, isBinary: boolean): void => {
          if (!isBinary) return;
          socket.off('message', take);
          resolve(data);
        };
        socket.on('message', take);
      });
      socket.send(frame);
      return readAnswer(await binary);
    };
    expect(await ask(frameMessage(7))).toMatchObject({
      status: 'tracking',
      sequence: 7,
      captureTimeMicros: 7000n,
      velocity: [0, 0, 7, 0, 0, 0],
    });
    const still = { status: 'error', velocity: [0, 0, 0, 0, 0, 0] };
    expect(await ask(frameMessage(8, new Uint8Array([0])))).toMatchObject({
      ...still,
      sequence: 8,
      captureTimeMicros: 8000n,
    });
    expect(await ask(ofUnknownFormat(9))).toMatchObject({ ...still, sequence: 9, captureTimeMicros: 9000n });
    // Without the pose of a tool its velocity is not known: zeros would look like an answer.
    const forTool = frameMessage(10);
    forTool[2] = 1;
    expect(await ask(forTool)).toMatchObject({ ...still, sequence: 10 });
    socket.terminate();
  });

  it('tells once of a silence, and goes on with the next frame', async () => {
    const stream = await connect(await open({ watchdogMs: 20 }));
    stream.raw(frameMessage(1));
    await stream.next('velocity');
    expect(await stream.next('timeout')).toMatchObject({ velocity: [0, 0, 0, 0, 0, 0], status: 'timeout' });
    stream.raw(frameMessage(2));
    expect(await stream.any()).toMatchObject({ type: 'velocity', seq: 2 });
  });

  it('tells of a silence again after a velocity that was computed for longer', async () => {
    const stream = await connect(await open({ watchdogMs: 20 }));
    const engine = engines.last;
    engine.holds = true;
    stream.raw(frameMessage(1));
    const { silentMs } = await stream.next('timeout');
    await engine.holding();
    engine.answer();
    expect(await stream.any()).toMatchObject({ type: 'velocity', seq: 1 });
    const again = await stream.any();
    expect(again).toMatchObject({ type: 'timeout', velocity: [0, 0, 0, 0, 0, 0] });
    // It is the same silence.
    expect(Number(again.silentMs)).toBeGreaterThan(Number(silentMs));
  });

  it('goes on after a broken frame and after a malformed message', async () => {
    const session = await open();
    const stream = await connect(session);
    stream.raw(frameMessage(1, new Uint8Array([0])));
    expect(await stream.any()).toMatchObject({ type: 'error', seq: 1, error: { code: 'PICTURE_CORRUPT' } });
    stream.raw(ofUnknownFormat(5));
    expect(await stream.any()).toMatchObject({ type: 'error', seq: 5, error: { code: 'FRAME_MALFORMED' } });
    stream.raw(Buffer.from([9, 9, 9]));
    expect(await stream.any()).toMatchObject({ type: 'error', error: { code: 'FRAME_MALFORMED' } });
    stream.raw('{"type":"dance"}');
    expect(await stream.any()).toMatchObject({ type: 'error', error: { code: 'BAD_MESSAGE' } });
    stream.raw(frameMessage(2));
    expect(await stream.any()).toMatchObject({ type: 'velocity', seq: 2 });
    expect((await shown(session)).frames.answered).toBe(1);
    stream.raw(Buffer.alloc(2 ** 21));
    expect(await stream.closed()).toBe(1009);
  });

  it('replaces a dead engine with the same goal and says so', async () => {
    const session = await open();
    const stream = await connect(session);
    const dead = engines.last;
    dead.kill();
    expect(await stream.any()).toMatchObject({ type: 'interrupted', velocity: [0, 0, 0, 0, 0, 0] });
    expect(await stream.any()).toEqual({ type: 'resumed' });
    expect(engines.last).not.toBe(dead);
    expect(engines.last.source).toBe(dead.source);
    stream.raw(frameMessage(1));
    expect(await stream.any()).toMatchObject({ type: 'velocity', seq: 1 });
    expect(await shown(session)).toMatchObject({ status: 'active', restarts: 1 });
  });

  it('ends the session when no engine can take the goal any more', async () => {
    const session = await open();
    const stream = await connect(session);
    for (let deaths = 0; deaths < 5; deaths += 1) {
      engines.last.kill();
      await stream.next('interrupted');
      await stream.next('resumed');
    }
    engines.last.kill();
    expect(await stream.next('ended')).toMatchObject({ session: { endReason: 'engine' } });
  });

  it('is taken over by the next connection, and waits for one after it was lost', async () => {
    const session = await open();
    const first = await connect(session);
    const second = await connect(session);
    expect(await first.next('error')).toMatchObject({ error: { code: 'SERVO_STREAM_REPLACED' } });
    expect(await first.closed()).toBe(4409);
    second.raw(frameMessage(1));
    await second.next('velocity');
    second.terminate();
    const third = await connect(session);
    third.raw(frameMessage(2));
    expect(await third.next('velocity')).toMatchObject({ seq: 2 });
    const taken = await client.call('POST', `/api/servo/sessions/${session.id}/frames`, {
      headers: { 'content-type': 'application/octet-stream' },
      body: frameMessage(3),
    });
    expect([taken.status, taken.at('code')]).toEqual([409, 'SERVO_STREAM_OPEN']);
  });

  it('ends when no frame has come for the idle time of its session', async () => {
    const session = await open({ idleTimeout: 1 });
    const stream = await connect(session);
    expect(await stream.next('ended')).toMatchObject({
      session: { endReason: 'idle', cost: { held: 0, captured: 0 } },
    });
    expect(await stream.closed()).toBe(1000);
    expect(await refusedUpgrade(session.streamUrl, token)).toMatchObject({
      status: 410,
      code: 'SERVO_SESSION_ENDED',
    });
  });

  it('is for the owner, with a token in the header or in the first message', async () => {
    const session = await open();
    const stranger = await api.user(`stranger${String(users)}`);
    expect(await refusedUpgrade(session.streamUrl, stranger.token)).toMatchObject({ status: 404 });
    expect(await refusedUpgrade(session.streamUrl, 'x.y.z')).toMatchObject({ status: 401 });
    expect(await refusedUpgrade(`${session.streamUrl}?token=${token}`, token)).toMatchObject({
      status: 401,
      code: 'TOKEN_NOT_BEARER',
    });
    expect(await refusedUpgrade(session.streamUrl, token, { origin: 'http://evil.example' })).toMatchObject({
      status: 403,
      code: 'ORIGIN_NOT_ALLOWED',
    });
    const stream = new RealtimeClient(session.streamUrl);
    streams.push(stream);
    stream.send({ type: 'authenticate', token });
    expect(await stream.next('session')).toMatchObject({ session: { id: session.id } });
    stream.raw(frameMessage(1));
    await stream.next('velocity');
    const silent = new RealtimeClient(session.streamUrl);
    silent.raw(frameMessage(1));
    expect(await silent.next('error')).toMatchObject({ error: { code: 'TOKEN_MISSING' } });
    expect(await silent.closed()).toBe(1008);
    const greedy = new RealtimeClient(session.streamUrl);
    greedy.raw(frameMessage(1, new Uint8Array(100_000).fill(1)));
    expect(await greedy.closed()).toBe(1006);
  });

  it('ends with its token, and the session goes on', async () => {
    const session = await open();
    const { users: accounts } = api.persistence.unitOfWork.read;
    const user = await accounts.findByEmail(`streamer${String(users)}@example.com`);
    if (!user) throw new Error('the user is gone');
    const settings = { issuer: 'infernode', audience: 'infernode-api', accessSeconds: 2 };
    const stream = openStream(session.streamUrl, await new TokenService(api.keys, settings).issue(user));
    expect(await stream.closed()).toBe(4401);
    expect((await shown(session)).status).toBe('active');
  });

  it('is watched as server-sent events', async () => {
    const session = await open();
    const stream = await connect(session);
    const answer = await fetch(`${api.url}/api/servo/sessions/${session.id}/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.headers.get('content-type')).toMatch('text/event-stream');
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const until = async (part: string): Promise<void> => {
      while (!text.includes(part)) {
        const chunk = await reader?.read();
        if (!chunk || chunk.done) throw new Error(`it ended without ${part}: ${text}`);
        text += chunk.value;
      }
    };
    await until('event: session');
    stream.raw(frameMessage(5));
    await until('event: velocity\ndata: {"type":"velocity","seq":5');
    await client.delete(`/api/servo/sessions/${session.id}`);
    await until('event: ended');
    expect((await reader?.read())?.done).toBe(true);
  });
});
