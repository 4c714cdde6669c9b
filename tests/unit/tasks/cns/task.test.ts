import type { DatasetItem, Media } from '../../../../src/domain/dataset.js';
import { AppError } from '../../../../src/errors/app-error.js';
import { issueLines } from '../../../../src/errors/schema-issues.js';
import { cnsTask, createCnsTask } from '../../../../src/tasks/cns/task.js';
import { cnsParamsSchema, requestedDevice } from '../../../../src/tasks/cns/params.js';

function video(id: string, overrides: Partial<Media> = {}): DatasetItem {
  const source: Media = {
    id,
    userId: 'u',
    datasetId: 'd',
    kind: 'video',
    role: 'source',
    name: id,
    container: 'mp4',
    sha256: '',
    bytes: 1,
    width: 640,
    height: 480,
    frameCount: 100,
    fps: { num: 25, den: 1 },
    durationSeconds: 4,
    hole: null,
    warnings: [],
    storageKey: id,
    createdAt: new Date(0),
    ...overrides,
  };
  return {
    id: `item-${id}`,
    datasetId: 'd',
    position: 0,
    uploadIndex: 1,
    sampleFps: 1,
    sampledFrames: 4,
    source,
    mask: null,
  };
}

const params = (given: object = {}) => cnsParamsSchema.parse({ detector: 'ORB', ...given });
const plan = (items: DatasetItem[], given: object = {}, range = 'all') =>
  cnsTask.plan(items, params(given), range);

/** The error that `work` throws, or a failure of the test. */
function refusal(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('plan of a CNS job', () => {
  it('one video is goal and current; frames default to the whole video with its last frame as goal', () => {
    const [job, ...others] = plan([video('a')]);
    expect(others).toHaveLength(0);
    expect(job.media).toEqual({ goal: 'a', current: 'a' });
    expect(job.input).toMatchObject({ goalFrame: 99, startFrame: 0, endFrame: 100, frameStep: 1 });
  });

  it('n videos make n-1 jobs on consecutive pairs in upload order', () => {
    const jobs = plan([video('a'), video('b'), video('c')]);
    expect(jobs.map(({ media }) => [media.goal, media.current])).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
  });

  it('range selects videos from 0, both ends included', () => {
    const items = ['a', 'b', 'c', 'd'].map((id) => video(id));
    expect(plan(items, {}, '1-2').map(({ media }) => [media.goal, media.current])).toEqual([['b', 'c']]);
    expect(plan(items, {}, '3-3').map(({ media }) => [media.goal, media.current])).toEqual([['d', 'd']]);
  });

  it.each([['2-1'], ['0-4'], ['-1'], ['a-b'], ['0-99999999999']])('range %s is refused by name', (range) => {
    const items = ['a', 'b', 'c', 'd'].map((id) => video(id));
    const error = refusal(() => plan(items, {}, range));
    expect(error).toMatchObject({ code: 'BAD_RANGE', kind: 'invalid' });
    expect(error.message).toContain('range');
  });

  it.each([
    [{ endFrame: 101 }, 'endFrame', '100 frames'],
    [{ startFrame: 100 }, 'startFrame', '100 frames'],
    [{ goalFrameId: 100 }, 'goalFrameId', '100 frames'],
    [{ frameStep: 101 }, 'frameStep', '100 frames'],
  ])('%j is checked against the real video', (given, field, limit) => {
    const error = refusal(() => plan([video('a')], given));
    expect(error).toMatchObject({
      code: 'FRAME_OUT_OF_RANGE',
      issues: [{ pointer: `/parameters/${field}` }],
    });
    expect(error.message).toContain(limit);
  });

  it('a dataset without videos cannot be servoed', () => {
    expect(refusal(() => plan([])).code).toBe('NO_VIDEOS');
    expect(refusal(() => plan([video('a', { kind: 'image' })])).code).toBe('NO_VIDEOS');
  });

  it('one set of intrinsics cannot fit two sizes', () => {
    const items = [video('a'), video('b', { width: 320, height: 240 })];
    const intrinsics = { fx: 500, fy: 500, cx: 320, cy: 240 };
    expect(refusal(() => plan(items, { intrinsics })).code).toBe('INTRINSICS_AMBIGUOUS');
    expect(plan(items)).toHaveLength(1);
  });

  const CAMERA = { fx: 500, fy: 510, cx: 320, cy: 240 };
  const K = [500, 0, 320, 0, 510, 240, 0, 0, 1];
  const ROWS = [K.slice(0, 3), K.slice(3, 6), K.slice(6)];
  it.each<[string, unknown]>([
    ['fx, fy, cx, cy', CAMERA],
    ['a 3x3 matrix', ROWS],
    ['nine numbers', K],
    ['K of ROS 1', { K }],
    [
      'the whole message of ROS 2',
      { height: 480, width: 640, distortion_model: 'plumb_bob', d: [0, 0, 0, 0, 0], k: K, r: [], p: [] },
    ],
    [
      'a calibration file',
      { image_width: 640, image_height: 480, camera_matrix: { rows: 3, cols: 3, data: K } },
    ],
    ['a matrix of rows in it', { camera_matrix: ROWS }],
  ])('intrinsics are understood as %s', (_form, intrinsics) => {
    const parsed = params({ intrinsics });
    expect(parsed.intrinsics).toMatchObject(CAMERA);
    // As a worker reads them again from the job's row.
    expect(cnsParamsSchema.parse(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
    expect(plan([video('a')], { intrinsics })).toHaveLength(1);
  });

  it.each<[string, object, RegExp]>([
    ['normalised', { fx: 0.84, fy: 1.1, cx: 0.5, cy: 0.5 }, /normalised\? Multiply fx and cx by the width/],
    [
      'of another resolution',
      { fx: 1500, fy: 1500, cx: 960, cy: 540 },
      /another resolution, such as 1920x1080\?/,
    ],
    ['in millimetres', { fx: 4.2, fy: 4.2, cx: 320, cy: 240 }, /millimetres or normalised\?/],
    ['far too long', { fx: 6401, fy: 6401, cx: 320, cy: 240 }, /0\.2 to 10 widths of the image \(640x480\)/],
    ['far too short', { fx: 127, fy: 127, cx: 320, cy: 240 }, /0\.2 to 10 widths/],
    ['off to the left', { fx: 500, fy: 500, cx: -1, cy: 240 }, /from the top left corner/],
    ['for another size', { ...CAMERA, width: 1280, height: 960 }, /for images of 1280x960, not 640x480/],
  ])('intrinsics that are %s are refused with the likely mistake', (_what, intrinsics, mistake) => {
    const error = refusal(() => plan([video('a')], { intrinsics }));
    expect(error).toMatchObject({
      code: 'INTRINSICS_IMPLAUSIBLE',
      kind: 'invalid',
      message: expect.stringMatching(mistake),
    });
    expect(error.issues[0].pointer).toBe('/parameters/intrinsics');
  });

  it('intrinsics are judged by the image as it is shown, up to the very limits', () => {
    const upright = [video('a', { width: 480, height: 640 })];
    const lying = { fx: 500, fy: 500, cx: 600, cy: 240 };
    expect(refusal(() => plan(upright, { intrinsics: lying })).message).toMatch(
      /before the video was rotated\?/,
    );
    expect(plan(upright, { intrinsics: { fx: 500, fy: 500, cx: 240, cy: 600 } })).toHaveLength(1);
    for (const focal of [128, 6400])
      expect(plan([video('a')], { intrinsics: { fx: focal, fy: focal, cx: 640, cy: 0 } })).toHaveLength(1);
  });

  it.each<[string, unknown, string, RegExp]>([
    ['eight numbers', { K: K.slice(1) }, 'intrinsics.K', /9 numbers row by row/],
    ['words', { camera_matrix: { data: K.map(String) } }, 'intrinsics.camera_matrix.data', /9 numbers/],
    ['columns instead of rows', [500, 0, 0, 0, 510, 0, 320, 240, 1], 'intrinsics', /transposed/],
    ['a skewed camera', [500, 9, 320, 0, 510, 240, 0, 0, 1], 'intrinsics', /no skew/],
    ['a scaled matrix', K.map((value) => value * 2), 'intrinsics', /0, 0, 1 as its last row/],
    ['half a camera', { fx: 500, cx: 320, cy: 240 }, 'intrinsics.fy', /is required/],
  ])('of a matrix that holds %s the mistake is named', (_what, intrinsics, place, message) => {
    const { error } = cnsParamsSchema.safeParse({ intrinsics });
    expect(error && issueLines(error, { intrinsics }).join()).toMatch(
      new RegExp(`^${place.replaceAll('.', '\\.')}: .*${message.source}`),
    );
  });

  it('a detector that cannot run here is refused before anything is charged', () => {
    const error = refusal(() => plan([video('a')], { detector: 'EYES' }));
    expect(error).toMatchObject({ code: 'DETECTOR_NOT_AVAILABLE', kind: 'invalid' });
    expect(error.message).toContain('ORB');
    const job = createCnsTask(['Eyes']).plan([video('a')], params({ detector: 'EYES' }), 'all');
    expect(job).toHaveLength(1);
  });

  it.each([
    [{ startFrame: 0, endFrame: 10, frameStep: 1 }, 10],
    [{ startFrame: 0, endFrame: 10, frameStep: 3 }, 4],
    [{ startFrame: 9, endFrame: 10, frameStep: 1 }, 1],
    [{ startFrame: 3, endFrame: 100, frameStep: 97 }, 1],
  ])('%j bills %i frames', (given, frames) => {
    const [job] = plan([video('a')], given);
    expect(cnsTask.units(job)).toEqual({ 'inference.video_frame': frames });
  });
});

describe('parameters of a CNS job', () => {
  it.each([
    [{ startFrame: 5, endFrame: 5 }],
    [{ frameStep: 0 }],
    [{ startFrame: -1 }],
    [{ startFrame: 1.5 }],
    [{ startFrame: Number.NaN }],
    [{ endFrame: 2 ** 31 }],
    [{ startFrame: 0, endFrame: 10, frameStep: 11 }],
    [{ detector: 'no name' }],
    [{ intrinsics: { fx: 0, fy: 1, cx: 0, cy: 0 } }],
    [{ goalDistance: 0 }],
    [{ unknown: 1 }],
    [{ useGpus: true, device: 'cpu' }],
  ])('%j is not accepted', (given) => {
    expect(cnsParamsSchema.safeParse(given).success).toBe(false);
  });

  it('every problem is reported at once', () => {
    const { error } = cnsParamsSchema.safeParse({ startFrame: -1, frameStep: 0, detector: 'no name' });
    expect(error?.issues.map(({ path }) => path.join('.')).sort()).toEqual([
      'detector',
      'frameStep',
      'startFrame',
    ]);
  });

  it.each([
    [{}, 'cpu'],
    [{ useGpus: false }, 'cpu'],
    [{ useGpus: true }, 'auto'],
    [{ device: 'cuda' as const, useGpus: false }, 'cuda'],
    [{ device: 'auto' as const }, 'auto'],
  ])('%j asks for %s', (given, device) => {
    expect(requestedDevice(given)).toBe(device);
  });
});
