import { AppError } from '../../../src/errors/app-error.js';
import { FakeServoEngines } from '../../fakes/fake-servo-engines.js';
import { addVideos, SEEDED_FRAMES } from '../../support/api-seeds.js';
import type { ApiClient, ApiResponse } from '../../support/api-client.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { FAKE_IMAGE, frameMessage, type ShownSession } from '../../support/servo-client.js';

const goal = { image: `data:image/jpeg;base64,${Buffer.from(FAKE_IMAGE).toString('base64')}` };
const sessionOf = (answer: ApiResponse): ShownSession => {
  if (answer.status >= 300) throw new Error(answer.text);
  return answer.at('session') as ShownSession;
};

describe('sessions of live servoing', () => {
  let api: TestApi;
  let engines: FakeServoEngines;
  let client: ApiClient;
  let userId: string;
  let users = 0;

  beforeAll(async () => {
    engines = new FakeServoEngines(3);
    api = await startTestApi({ servoEngines: engines, settings: { SERVO_SESSIONS_PER_USER: '2' } });
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    users += 1;
    const made = await api.user(`pilot${String(users)}`);
    client = made.client;
    userId = made.user.id;
  });
  afterEach(async () => {
    const { data } = (await client.get('/api/servo/sessions')).json as { data: ShownSession[] };
    for (const { id } of data) await client.delete(`/api/servo/sessions/${id}`);
  });

  const open = (body: object = {}, query = '') =>
    client.post(`/api/servo/sessions${query}`, { goal, ...body });
  const balance = async () => (await client.get('/api/user/credits')).at('credits');
  const send = (id: string, sequence: number) =>
    client.call('POST', `/api/servo/sessions/${id}/frames`, {
      headers: { 'content-type': 'application/octet-stream' },
      body: frameMessage(sequence),
    });

  it('hold the price of all frames, and capture those that were answered', async () => {
    const answer = await open({ maxFrames: 500, detector: 'ORB', limits: { linear: 0.5, angular: 1 } });
    expect(answer.status).toBe(201);
    const session = sessionOf(answer);
    expect(answer.headers.get('location')).toBe(`/api/servo/sessions/${session.id}`);
    expect(session).toMatchObject({
      status: 'active',
      streamUrl: `${api.url.replace('http', 'ws')}/api/servo/sessions/${session.id}/stream`,
      goal: { keypoints: 500, clusters: 16 },
      cost: { held: 1, captured: 0 },
    });
    expect(engines.last.setup).toMatchObject({ detector: 'ORB', limits: { linear: 0.5, angular: 1 } });
    expect(await balance()).toBe(99);
    for (const sequence of [1, 2, 3]) {
      // Ids are the same in upper and lower case.
      const step = await send(sequence === 2 ? session.id.toUpperCase() : session.id, sequence);
      expect(step.json).toMatchObject({ seq: sequence, velocity: [0, 0, sequence, 0, 0, 0], skipped: [] });
    }
    expect(sessionOf(await client.get(`/api/servo/sessions/${session.id}`)).frames.answered).toBe(3);
    const ended = sessionOf(await client.delete(`/api/servo/sessions/${session.id}`));
    expect(ended).toMatchObject({ status: 'ended', endReason: 'closed', cost: { held: 0, captured: 0.006 } });
    expect(await balance()).toBe(99.994);
    expect(sessionOf(await client.delete(`/api/servo/sessions/${session.id}`))).toEqual(ended);
    expect((await send(session.id, 4)).at('code')).toBe('SERVO_SESSION_ENDED');
    expect(engines.last.isClosed).toBe(true);
  });

  it('that never answered, or whose frame was broken, cost nothing', async () => {
    const { id } = sessionOf(await open());
    const broken = await client.call('POST', `/api/servo/sessions/${id}/frames`, {
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array([0, 0]),
    });
    expect(broken.at('code')).toBe('PICTURE_CORRUPT');
    await client.delete(`/api/servo/sessions/${id}`);
    expect(await balance()).toBe(100);
  });

  it.each(['null', '1.5', '-1', '', '18446744073709551616'])(
    'refuse %p as the capture time of a frame by name',
    async (captureTimeUs) => {
      const { id } = sessionOf(await open());
      const query = new URLSearchParams({ captureTimeUs });
      const answer = await client.call('POST', `/api/servo/sessions/${id}/frames?${query}`, {
        headers: { 'content-type': 'image/jpeg' },
        body: new Uint8Array([0, 0]),
      });
      expect(answer.json).toMatchObject({ status: 400, code: 'VALIDATION' });
      expect(JSON.stringify(answer.at('errors'))).toContain('captureTimeUs');
    },
  );

  it('end when all their frames were answered', async () => {
    const { id } = sessionOf(await open({ maxFrames: 2 }));
    expect((await send(id, 1)).status).toBe(200);
    expect((await send(id, 2)).status).toBe(200);
    expect((await send(id, 3)).status).toBe(410);
    expect(sessionOf(await client.delete(`/api/servo/sessions/${id}`))).toMatchObject({
      status: 'ended',
      endReason: 'frames',
      cost: { captured: 0.004 },
    });
  });

  it('compute the newest frame alone, and say so of the others', async () => {
    const { id } = sessionOf(await open());
    const engine = engines.last;
    engine.holds = true;
    const first = send(id, 1);
    await engine.holding();
    const second = send(id, 2);
    const third = send(id, 3);
    expect((await Promise.race([second, third])).at('code')).toBe('SERVO_FRAME_SKIPPED');
    engine.holds = false;
    engine.answer();
    const answers = [await first, await second, await third];
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 409]);
    const left = answers.findIndex(({ status }) => status === 409) + 1;
    expect(answers[0].at('skipped')).toEqual([[left, left]]);
  });

  it('take their goal from stored media, a form, and an earlier session', async () => {
    const dataset = await client.post('/api/dataset', { name: 'clips' });
    const datasetId = String(dataset.at('dataset.id'));
    await addVideos(api.persistence.unitOfWork, { datasetId, userId }, 1);
    const [item] = await api.persistence.unitOfWork.read.datasets.items(datasetId);
    const beyond = await open({ goal: { mediaId: item.source.id, frame: SEEDED_FRAMES } });
    expect(beyond.at('code')).toBe('FRAME_OUT_OF_RANGE');
    const gone = await open({ goal: { mediaId: item.source.id.toUpperCase(), frame: 0 } });
    expect([gone.at('code'), gone.at('detail')]).toEqual([
      'MEDIA_MISSING',
      expect.stringContaining(item.source.id),
    ]);
    const form = new FormData();
    form.set('goal', new Blob([new Uint8Array([7, 7, 7])]), 'goal.jpg');
    form.set('detector', 'ORB');
    form.set('gain', '{"zero": 2, "infinity": 4, "slope": -20}');
    // As long as calibrations of OpenCV are, with the poses of all their images.
    const calibration = `K: [500, 0, 320, 0, 500, 240, 0, 0, 1]\n# ${'pose '.repeat(3000)}\n`;
    form.set('cameraInfo', calibration);
    const first = sessionOf(await client.call('POST', '/api/servo/sessions', { body: form }));
    expect(engines.last.setup).toMatchObject({
      detector: 'ORB',
      gain: { zero: 2, infinity: 4, slope: -20 },
      camera: { intrinsics: { fx: 500, fy: 500, cx: 320, cy: 240 }, size: null },
    });
    await client.delete(`/api/servo/sessions/${first.id}`);
    form.set('cameraInfo', new Blob([calibration]), 'camera.yaml');
    const twoFiles = await client.call('POST', '/api/servo/sessions', { body: form });
    expect([twoFiles.at('code'), twoFiles.at('detail')]).toEqual([
      'TOO_MANY_FILES',
      expect.stringContaining("curl reads it from a file with -F 'field=<file'"),
    ]);
    sessionOf(await open({ goal: { sessionId: first.id } }));
    const { source } = engines.last;
    expect(source.kind === 'image' && Buffer.from(source.bytes)).toEqual(Buffer.from([7, 7, 7]));
  });

  it('are refused before anything is held', async () => {
    const before = engines.opened.length;
    const refused = async (body: object) => (await open(body)).at('code');
    expect(await refused({ maxFrames: 1_000_000 })).toBe('INSUFFICIENT_CREDITS');
    expect(await refused({ detector: 'SURF' })).toBe('DETECTOR_NOT_AVAILABLE');
    expect(await refused({ goal: undefined })).toBe('VALIDATION');
    expect(await refused({ goal: { image: 'no base64!' } })).toBe('BASE64_INVALID');
    expect(await refused({ fieldOfView: 60, cameraInfo: 'K: [1]' })).toBe('VALIDATION');
    expect(await refused({ handEye: Array(16).fill(1) })).toBe('VALIDATION');
    expect(await refused({ gain: { zero: 4, infinity: 1, slope: -1 } })).toBe('VALIDATION');
    for (const [camera, pointer] of [
      [{ intrinsics: { fx: 1, fy: 1, cx: 0, cy: 0 } }, '/intrinsics'],
      [{ cameraInfo: 'K: [1, 0, 0, 0, 1, 0, 0, 0, 1]' }, '/cameraInfo'],
    ] as const) {
      engines.failure = new AppError('INTRINSICS_IMPLAUSIBLE', { message: 'They fit no image.' });
      expect((await open(camera)).at('errors.0.pointer')).toBe(pointer);
    }
    expect(engines.opened).toHaveLength(before);
    expect(await balance()).toBe(100);
    expect((await open({ maxFrames: 500 }, '?dryRun=true')).json).toMatchObject({ dryRun: true, cost: 1 });
    const quoted = async (body: object) => (await open(body, '?dryRun=true')).at('code');
    expect(await quoted({ detector: 'SURF' })).toBe('DETECTOR_NOT_AVAILABLE');
    expect(await quoted({ goal: { mediaId: userId } })).toBe('NOT_FOUND');
    expect(await quoted({ goal: { sessionId: userId } })).toBe('NOT_FOUND');
  });

  it('of an account are limited, and busy engines say when to come again', async () => {
    const ids = [sessionOf(await open()).id, sessionOf(await open()).id];
    const third = await open();
    expect([third.status, third.at('code')]).toEqual([429, 'TOO_MANY_SERVO_SESSIONS']);
    const other = await api.user(`other${String(users)}`);
    sessionOf(await other.client.post('/api/servo/sessions', { goal }));
    await client.delete(`/api/servo/sessions/${ids[0]}`);
    sessionOf(await other.client.post('/api/servo/sessions', { goal }));
    const busy = await open();
    expect([busy.status, busy.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await other.client.get(`/api/servo/sessions/${ids[1]}`)).status).toBe(404);
    expect((await other.client.delete(`/api/servo/sessions/${ids[1]}`)).status).toBe(404);
    const { data } = (await other.client.get('/api/servo/sessions')).json as { data: ShownSession[] };
    for (const { id } of data) await other.client.delete(`/api/servo/sessions/${id}`);
  });

  it('are opened once for repeats with the same key', async () => {
    const key = { 'Idempotency-Key': 'one-session' };
    const first = await client.post('/api/servo/sessions', { goal }, key);
    const again = await client.post('/api/servo/sessions', { goal }, key);
    expect(sessionOf(again).id).toBe(sessionOf(first).id);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await balance()).toBe(98);
  });
});
