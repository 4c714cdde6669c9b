import type { ServoAnswer } from '../../../src/domain/servo-event.js';
import type { RecordedFrame, RecordingEntry, RecordingLog } from '../../../src/domain/servo-recording.js';
import type { ServoFrame } from '../../../src/domain/servo.js';
import { ServoRecording, type RecordingLimits } from '../../../src/services/servo-recording.js';
import { framesToShow } from '../../../src/tasks/servo/shown-frames.js';

const LARGE = 2 ** 40;

/** A log in memory. */
class MemoryLog implements RecordingLog {
  readonly entries: RecordingEntry[] = [];
  bytes = 0;
  pendingBytes = 0;
  failed = false;

  append(entry: RecordingEntry, image?: Uint8Array): void {
    this.entries.push(entry);
    this.bytes += JSON.stringify(entry).length + (image?.length ?? 0);
  }

  get frames(): RecordedFrame[] {
    return this.entries.filter((entry) => entry.type === 'frame');
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const matchedPoints = { width: 64, height: 48, goal: Float32Array.of(1, 2), current: Float32Array.of(3, 4) };

/** Answers so many frames of so many bytes. */
function recordFrames(recording: ServoRecording, count: number, bytes = 10): void {
  for (let sequence = 0; sequence < count; sequence += 1) {
    const frame: ServoFrame = {
      format: 'jpeg',
      sequence,
      captureTimeMicros: BigInt(sequence),
      size: null,
      toolFrame: false,
      bytes: new Uint8Array(bytes),
    };
    const answer: ServoAnswer = {
      frame,
      result: {
        sequence,
        velocity: [0, 0, 1, 0, 0, 0],
        velocityTool: null,
        status: 'tracking',
        reason: null,
        keypoints: 9,
        matches: 8,
        inliers: 7,
        featureError: 0.5,
        confidence: 0.5,
        timingsMs: { decode: 1, detect: 1, match: 1, network: 1 },
        ...(recording.wantsImage(frame) && { matchedPoints }),
      },
      queueMs: 0,
      totalMs: 1,
      skipped: [],
    };
    recording.add(frame, answer, performance.now());
  }
}

describe('the recording of a session', () => {
  const recorded = (count: number, limits: Partial<RecordingLimits> = {}, bytes = 10) => {
    const log = new MemoryLog();
    const recording = new ServoRecording(log, undefined, {
      maxBytes: LARGE,
      maxBytesOf: 'size',
      maxFrames: count,
      ...limits,
    });
    recordFrames(recording, count, bytes);
    return { log, recording };
  };

  it.each([1, 80, 81, 159, 1000, 12_345])(
    'of %i frames has evenly spread images for its preview, and few others',
    (count) => {
      const { log, recording } = recorded(count);
      expect(recording.stopped).toBeNull();
      expect(log.frames).toHaveLength(count);
      const { stride, positions } = framesToShow(log.frames);
      expect(positions).toEqual(Array.from({ length: Math.ceil(count / stride) }, (_, n) => n * stride));
      expect(positions.length).toBeLessThanOrEqual(80);
      expect(positions.length).toBeGreaterThanOrEqual(Math.min(count, 40));
      const images = log.frames.filter(({ image }) => image).length;
      expect(images).toBeLessThanOrEqual(80 + 40 * Math.ceil(Math.log2(Math.max(1, count / 80))));
    },
  );

  it('of large images keeps fewer of them, still to the end, and all velocities', () => {
    // 100 images of a thousand bytes would fill it.
    const { log, recording } = recorded(100, { maxBytes: 100_000 }, 1000);
    expect(recording.stopped).toBeNull();
    expect(log.frames).toHaveLength(100);
    const { positions } = framesToShow(log.frames);
    expect(positions.length).toBeGreaterThan(4);
    expect(Math.max(...positions)).toBeGreaterThan(50);
  });

  it('leaves images out while the disk is behind', () => {
    const { log, recording } = recorded(1);
    log.pendingBytes = LARGE;
    recordFrames(recording, 3);
    expect(log.frames.map(({ image }) => image !== undefined)).toEqual([true, false, false, false]);
  });

  it('stops when the disk cannot be written', () => {
    const { log, recording } = recorded(2);
    log.failed = true;
    recordFrames(recording, 2);
    expect([recording.stopped, log.frames.length]).toEqual(['disk', 2]);
  });

  it.each(['size', 'quota'] as const)('says that its %s ended it', (maxBytesOf) => {
    const { log, recording } = recorded(100, { maxBytes: 1000, maxBytesOf });
    expect(recording.stopped).toBe(maxBytesOf);
    expect(log.frames.length).toBeLessThan(100);
    expect(recording.bytes).toBe(log.bytes);
  });
});
