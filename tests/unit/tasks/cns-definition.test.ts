import { describe, expect, test } from '@jest/globals';
import type { DatasetItem, Media } from '../../../src/domain/dataset.js';
import { AppError } from '../../../src/errors/app-error.js';
import { cnsTask, createCnsTask } from '../../../src/tasks/cns/definition.js';
import { cnsParamsSchema, requestedDevice } from '../../../src/tasks/cns/params.js';

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
  test('one video is goal and current; frames default to the whole video with its last frame as goal', () => {
    const [job, ...others] = plan([video('a')]);
    expect(others).toHaveLength(0);
    expect(job.media).toEqual({ goal: 'a', current: 'a' });
    expect(job.input).toMatchObject({ goalFrame: 99, startFrame: 0, endFrame: 100, frameStep: 1 });
  });

  test('n videos make n-1 jobs on consecutive pairs in upload order', () => {
    const jobs = plan([video('a'), video('b'), video('c')]);
    expect(jobs.map(({ media }) => [media.goal, media.current])).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
  });

  test('range selects videos from 0, both ends included', () => {
    const items = ['a', 'b', 'c', 'd'].map((id) => video(id));
    expect(plan(items, {}, '1-2').map(({ media }) => [media.goal, media.current])).toEqual([['b', 'c']]);
    expect(plan(items, {}, '3-3').map(({ media }) => [media.goal, media.current])).toEqual([['d', 'd']]);
  });

  test.each([['2-1'], ['0-4'], ['-1'], ['a-b'], ['0-99999999999']])(
    'range %s is refused by name',
    (range) => {
      const items = ['a', 'b', 'c', 'd'].map((id) => video(id));
      const error = refusal(() => plan(items, {}, range));
      expect(error).toMatchObject({ code: 'BAD_RANGE', kind: 'invalid' });
      expect(error.message).toContain('range');
    },
  );

  test.each([
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

  test('a dataset without videos cannot be servoed', () => {
    expect(refusal(() => plan([])).code).toBe('NO_VIDEOS');
    expect(refusal(() => plan([video('a', { kind: 'image' })])).code).toBe('NO_VIDEOS');
  });

  test('one set of intrinsics cannot fit two sizes', () => {
    const items = [video('a'), video('b', { width: 320, height: 240 })];
    const intrinsics = { fx: 500, fy: 500, cx: 320, cy: 240 };
    expect(refusal(() => plan(items, { intrinsics })).code).toBe('INTRINSICS_AMBIGUOUS');
    expect(plan(items)).toHaveLength(1);
  });

  test('a detector that cannot run here is refused before anything is charged', () => {
    const error = refusal(() => plan([video('a')], { detector: 'EYES' }));
    expect(error).toMatchObject({ code: 'DETECTOR_NOT_AVAILABLE', kind: 'invalid' });
    expect(error.message).toContain('ORB');
    const job = createCnsTask(['Eyes']).plan([video('a')], params({ detector: 'EYES' }), 'all');
    expect(job).toHaveLength(1);
  });

  test.each([
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
  test.each([
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

  test('every problem is reported at once', () => {
    const { error } = cnsParamsSchema.safeParse({ startFrame: -1, frameStep: 0, detector: 'no name' });
    expect(error?.issues.map(({ path }) => path.join('.')).sort()).toEqual([
      'detector',
      'frameStep',
      'startFrame',
    ]);
  });

  test.each([
    [{}, 'cpu'],
    [{ useGpus: false }, 'cpu'],
    [{ useGpus: true }, 'auto'],
    [{ device: 'cuda' as const, useGpus: false }, 'cuda'],
    [{ device: 'auto' as const }, 'auto'],
  ])('%j asks for %s', (given, device) => {
    expect(requestedDevice(given)).toBe(device);
  });
});
