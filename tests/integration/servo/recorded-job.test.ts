import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ServoEnginePool } from '../../../src/engines/servo-engine/servo-engine-pool.js';
import { encodeImage } from '../../../src/media/image-codec.js';
import { probeVideo } from '../../../src/media/probe.js';
import { openZip } from '../../../src/media/zip-reader.js';
import { writeFrame } from '../../../src/protocols/servo-stream/frame-message.js';
import { RecordingSweep } from '../../../src/services/recording-sweep.js';
import { startTestApi, type TestApi } from '../../support/api.js';
import { ffmpegTools } from '../../support/ffmpeg-tools.js';
import { runNextJob } from '../../support/run-job.js';
import { openStream, type ShownSession } from '../../support/servo-client.js';
import { ENGINE_OPTIONS } from '../../support/servo-engines.js';
import { UPLOAD_LIMITS } from '../../support/upload-limits.js';
import { rectangles } from '../../unit/vision/features/test-images.js';

const SIZE = { width: 320, height: 240 };
const FRAMES = 12;
/** Far more than a result has. */
const ZIP_LIMITS = { maxEntries: 1000, maxEntryBytes: 2 ** 30, maxTotalBytes: 2 ** 30 };

/** The same scene nearer to the goal with every frame, as JPEG, raw grey and YUY2. */
async function frameMessage(sequence: number): Promise<Buffer> {
  const image = rectangles(SIZE.width, SIZE.height, [2 * (FRAMES - sequence), 0]);
  const captureTimeMicros = BigInt(sequence) * 40_000n;
  const common = { sequence, captureTimeMicros };
  if (sequence % 3 === 0)
    return Buffer.from(writeFrame({ ...common, format: 'gray8', size: SIZE, bytes: image.data }));
  if (sequence % 3 === 1) {
    const bytes = await encodeImage(image, { format: 'jpeg' });
    return Buffer.from(writeFrame({ ...common, format: 'jpeg', size: null, bytes }));
  }
  const bytes = new Uint8Array(2 * image.data.length).fill(128);
  image.data.forEach((grey, pixel) => (bytes[2 * pixel] = 16 + Math.round((grey * 219) / 255)));
  return Buffer.from(writeFrame({ ...common, format: 'yuy2', size: SIZE, bytes }));
}

describe('a recorded session', () => {
  let api: TestApi;
  let pool: ServoEnginePool;
  let folder: string;

  beforeAll(async () => {
    pool = new ServoEnginePool({ ...ENGINE_OPTIONS, size: 2 });
    api = await startTestApi({ servoEngines: pool });
    folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-recorded-'));
  });
  afterAll(async () => {
    await api.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function recorded() {
    const { client, token, user } = await api.user('pilot');
    const image = await encodeImage(rectangles(SIZE.width, SIZE.height));
    const opened = await client.post('/api/servo/sessions', {
      goal: { image: `data:image/png;base64,${Buffer.from(image).toString('base64')}` },
      detector: 'ORB',
      watchdogMs: 60_000,
      handEye: { quaternion: [0, 0, 0, 1], translation: [0, 0, 0.1] },
      record: true,
    });
    const session = opened.at('session') as ShownSession;
    expect(session).toMatchObject({ record: true, recordStopped: null, jobId: null });
    const stream = openStream(session.streamUrl, token);
    await stream.next('session');
    const answers: { seq: number; velocity: number[] }[] = [];
    for (let sequence = 1; sequence <= FRAMES; sequence += 1) {
      if (sequence === 6) {
        pool.pids.forEach((pid) => process.kill(pid, 'SIGKILL'));
        await stream.next('interrupted');
        await stream.next('resumed');
      }
      stream.raw(await frameMessage(sequence));
      const { seq, velocity } = await stream.next('velocity');
      answers.push({ seq: Number(seq), velocity: velocity as number[] });
    }
    const ended = (await client.delete(`/api/servo/sessions/${session.id}`)).at('session') as ShownSession;
    return { client, user, ended, answers };
  }

  async function filesOf(url: string): Promise<{ names: string[]; read(name: string): Promise<Buffer> }> {
    const file = path.join(folder, 'result.zip');
    await writeFile(file, Buffer.from(await (await fetch(`${api.url}${url}`)).arrayBuffer()));
    const zip = await openZip(file, ZIP_LIMITS);
    const contents = new Map<string, Buffer>();
    for (const [index, entry] of zip.entries.entries()) {
      const target = path.join(folder, `entry-${String(index)}`);
      await zip.extract(entry, target);
      contents.set(entry.name, await readFile(target));
    }
    zip.close();
    return {
      names: [...contents.keys()],
      read: async (name) => contents.get(name) ?? Buffer.alloc(0),
    };
  }

  it('ends as a job with the results of a recording, across the death of its engine, paid once', async () => {
    const { client, user, ended, answers } = await recorded();
    const jobId = String(ended.jobId);
    expect((await client.get(`/api/servo/sessions/${ended.id}`)).at('session.jobId')).toBe(jobId);
    const waiting = await client.get(`/api/jobs/${jobId}`);
    expect(waiting.json).toMatchObject({ task: 'servo', status: 'PENDING', datasetId: null });
    expect(await runNextJob(api)).toEqual({ kind: 'completed', jobId });

    const job = await client.get(`/api/jobs/${jobId}`);
    expect(job.json).toMatchObject({
      status: 'COMPLETED',
      cost: { quoted: 0, captured: 0 },
      parameters: { detector: 'ORB' },
    });
    expect((await client.get('/api/jobs?task=servo')).at('data.0.id')).toBe(jobId);
    const { ledger } = api.persistence.unitOfWork.read;
    expect(await ledger.sumOfDeltas(user.id)).toBe(100_000_000n - BigInt(FRAMES) * 2_000n);

    const result = await client.get(`/api/inference/result/json/${jobId}`);
    expect(result.at('results.velocity')).toHaveLength(FRAMES);
    const { names, read } = await filesOf(String(job.at('results.zip')));
    expect(names).toEqual(
      expect.arrayContaining([
        'result.json',
        'velocities.csv',
        'velocity.svg',
        'velocity.png',
        'preview.mp4',
        'matches/frame-000000.jpg',
        'matches/frame-000011.jpg',
      ]),
    );
    const json = JSON.parse((await read('result.json')).toString()) as {
      frames: { seq: number; timeSeconds: number; velocity: number[] | null }[];
      session: object;
    };
    expect(json.session).toMatchObject({ framesAnswered: FRAMES, framesRecorded: FRAMES, restarts: 1 });
    expect(json.frames.map(({ seq }) => seq)).toEqual(answers.map(({ seq }) => seq));
    json.frames.forEach(({ velocity, timeSeconds }, index) => {
      expect(timeSeconds).toBeCloseTo(index * 0.04, 6);
      velocity?.forEach((value, axis) => expect(value).toBeCloseTo(answers[index].velocity[axis], 5));
    });
    const [header, first, ...rows] = (await read('velocities.csv')).toString().trimEnd().split('\r\n');
    expect(header).toMatch(/^frame,time_s,camera_vx_goal_distances_per_s,.*,tool_vx_.*,seq,capture_time_us,/);
    expect(first.split(',')).toHaveLength(header.split(',').length);
    expect(rows).toHaveLength(FRAMES - 1);
    const video = path.join(folder, 'preview.mp4');
    await writeFile(video, await read('preview.mp4'));
    const probe = await probeVideo(video, { tools: await ffmpegTools(), limits: UPLOAD_LIMITS });
    expect(probe).toMatchObject({ frameCount: FRAMES, width: 640 });

    const recordings = api.storage.recordings();
    expect(await recordings.list()).toHaveLength(1);
    await new RecordingSweep(recordings, api.persistence.unitOfWork.read).runOnce();
    expect(await recordings.list()).toEqual([]);
  });
});
