import type { FrameRecord } from '../frame-record.js';

const HEADER = [
  'frame',
  'time_s',
  'vx',
  'vy',
  'vz',
  'wx',
  'wy',
  'wz',
  'keypoints',
  'matches',
  'inliers',
  'feature_error',
  'confidence',
  'goal_reached',
  'lost_reason',
];

/** One line a processed frame, RFC 4180; velocity cells are empty where tracking was lost. */
export function velocitiesCsv(frames: readonly FrameRecord[]): string {
  const lines = frames.map((frame) => {
    const velocity: readonly (number | string)[] = frame.velocity ?? ['', '', '', '', '', ''];
    return [
      frame.frame,
      frame.timeSeconds,
      ...velocity,
      frame.keypoints,
      frame.matches,
      frame.inliers,
      frame.featureError ?? '',
      frame.confidence,
      frame.goalReached,
      frame.reason ?? '',
    ].join(',');
  });
  return `${[HEADER.join(','), ...lines].join('\r\n')}\r\n`;
}
