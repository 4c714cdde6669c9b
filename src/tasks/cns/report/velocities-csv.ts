import type { ReportedFrame } from '../../../servoing/frame-record.js';

/** Column names with units. The velocity is the camera's own motion in its frame: x right, y down, z forward. */
function header(metric: boolean): readonly string[] {
  const translation = metric ? 'm_per_s' : 'goal_distances_per_s';
  return [
    'frame',
    'time_s',
    ...['vx', 'vy', 'vz'].map((axis) => `camera_${axis}_${translation}`),
    ...['wx', 'wy', 'wz'].map((axis) => `camera_${axis}_rad_per_s`),
    'keypoints',
    'matches',
    'inliers',
    'feature_error_normalised',
    'confidence_0_to_1',
    'goal_reached',
    'lost_reason',
    'status',
  ];
}

/** Further columns of a CSV. */
export interface FurtherColumns {
  readonly names: readonly string[];
  /** Cells of the frame at this position. */
  cells(position: number): readonly (number | string)[];
}

/**
 * One line per processed frame (RFC 4180); velocity cells are empty where tracking was lost.
 * @param metric whether translations are in metres per second instead of goal distances per second
 */
export function velocitiesCsv(
  frames: readonly ReportedFrame[],
  metric: boolean,
  further?: FurtherColumns,
): string {
  const lines = frames.map((frame, position) => {
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
      frame.status,
      ...(further?.cells(position) ?? []),
    ].join(',');
  });
  const names = [...header(metric), ...(further?.names ?? [])];
  return `${[names.join(','), ...lines].join('\r\n')}\r\n`;
}
