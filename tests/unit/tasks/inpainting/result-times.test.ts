import { resultRate, resultTimes, warningsOfOutput } from '../../../../src/tasks/inpainting/video-output.js';
import type { VideoProbe } from '../../../../src/media/probe.js';

const DAY = 86_400;

/** Frames at these seconds; the rest of a probe plays no part. */
const probeOf = (times: readonly number[], startOffsetSeconds = 0): VideoProbe => ({
  container: 'mkv',
  codec: 'h264',
  width: 64,
  height: 48,
  rotation: 0,
  pixelAspect: { num: 1, den: 1 },
  frameCount: times.length,
  frameSource: 'packets',
  durationSeconds: times[times.length - 1],
  constantRate: false,
  hasAlpha: false,
  videoStreams: 1,
  joined: false,
  fps: { num: 25, den: 1 },
  startOffsetSeconds,
  seekMode: 'time',
  reorderDepth: 0,
  presentationTimes: times,
});
const streams = { subtitles: false } as Parameters<typeof warningsOfOutput>[1];

describe('result times', () => {
  it('pauses of days are shortened to what a container can hold, and that is said', () => {
    const probe = probeOf([0, 1, 365 * DAY, 365 * DAY + 1], 2 * DAY);
    expect([...resultTimes(probe, 'mp4')]).toEqual([21_600, 21_601, 43_201, 43_202]);
    expect([...resultTimes(probe, 'avi')]).toEqual([60, 61, 121, 122]);
    expect(warningsOfOutput(probe, streams, 'mp4')).toEqual([expect.stringContaining('21600 seconds')]);
  });

  it('other times stay as they are', () => {
    const probe = probeOf([0, 0.04, 5, 3600], 0.5);
    expect([...resultTimes(probe, 'mp4')]).toEqual([0.5, 0.54, 5.5, 3600.5]);
    expect(warningsOfOutput(probe, streams, 'mp4')).toEqual([]);
  });

  it('a rate of less than a frame in the longest pause is raised to it', () => {
    expect(resultRate({ fps: { num: 1, den: 3_000_000 } }, 'mp4')).toEqual({ num: 1, den: 21_600 });
    expect(resultRate({ fps: { num: 30_000, den: 1001 } }, 'mp4')).toEqual({ num: 30_000, den: 1001 });
  });
});
