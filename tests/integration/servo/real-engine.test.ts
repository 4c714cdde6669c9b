import { encodeImage } from '../../../src/media/image-codec.js';
import { ServoEnginePool } from '../../../src/engines/servo-engine/servo-engine-pool.js';
import { writeFrame } from '../../../src/protocols/servo-stream/frame-message.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { openStream, type ShownSession } from '../../support/servo-client.js';
import { ENGINE_OPTIONS } from '../../support/servo-engines.js';
import { rectangles } from '../../unit/vision/features/test-images.js';

const SIZE = { width: 320, height: 240 };

describe('a session with a real engine', () => {
  let api: TestApi;
  let pool: ServoEnginePool;

  beforeAll(async () => {
    pool = new ServoEnginePool({ ...ENGINE_OPTIONS, size: 2 });
    api = await startTestApi({ servoEngines: pool });
  });
  afterAll(() => api.close());

  const frameOf = (sequence: number, shift: readonly [number, number]): Buffer =>
    Buffer.from(
      writeFrame({
        format: 'gray8',
        sequence,
        captureTimeMicros: BigInt(sequence),
        size: SIZE,
        bytes: rectangles(SIZE.width, SIZE.height, shift).data,
      }),
    );

  it('moves towards its goal, also after its engine was killed, and is charged for what it answered', async () => {
    const { client, token } = await api.user('pilot');
    const image = await encodeImage(rectangles(SIZE.width, SIZE.height));
    const opened = await client.post('/api/servo/sessions', {
      goal: { image: `data:image/png;base64,${Buffer.from(image).toString('base64')}` },
      detector: 'ORB',
      policy: 'ibvs',
      watchdogMs: 60_000,
    });
    const session = opened.at('session') as ShownSession;
    const stream = openStream(session.streamUrl, token);
    await stream.next('session');
    const sideways = async (sequence: number, shift: readonly [number, number]): Promise<number> => {
      stream.raw(frameOf(sequence, shift));
      const answer = await stream.next('velocity');
      expect(answer).toMatchObject({ seq: sequence });
      const [vx, , , , wy] = answer.velocity as number[];
      return vx + wy;
    };
    // The scene lies too far right, so the camera has to go right, or to turn there; and the other way round.
    expect(await sideways(1, [12, 0])).toBeGreaterThan(0.01);
    expect(await sideways(2, [-12, 0])).toBeLessThan(-0.01);
    pool.pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
    await stream.next('interrupted');
    await stream.next('resumed');
    expect(await sideways(3, [12, 0])).toBeGreaterThan(0.01);
    const closed = (await client.delete(`/api/servo/sessions/${session.id}`)).at('session');
    expect(closed).toMatchObject({
      status: 'ended',
      restarts: 1,
      frames: { answered: 3 },
      cost: { captured: 0.006 },
    });
    expect((await client.get('/api/user/credits')).at('credits')).toBe(99.994);
  });
});
