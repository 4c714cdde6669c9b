import type { ErrorMeaning } from '../error-kind.js';

/** Codes of live servoing: sessions, their engines and their frames. */
export const SERVO_CODES = {
  SERVO_ENGINES_BUSY: {
    kind: 'unavailable',
    title: 'Servo engines busy',
    hint: 'All engines are in use: retry after `Retry-After`, or wait for an engine with `?wait=`.',
  },
  FRAME_MALFORMED: {
    kind: 'invalid',
    title: 'Malformed frame',
    hint: 'Send frames in the format of docs/live-servoing.md; the message states the invalid header field.',
  },
  FRAME_SIZE_MISMATCH: {
    kind: 'invalid',
    title: 'Frame of wrong size',
    hint: 'Send frames with the aspect ratio of the goal image.',
  },
  FRAME_TIMEOUT: {
    kind: 'timeout',
    title: 'Frame took too long',
    hint: 'The frame was aborted at its time limit: send smaller frames, or choose a smaller `workingSize`.',
  },
  SESSION_MEMORY_LIMIT: {
    kind: 'invalid',
    title: 'Session needs too much memory',
    hint: 'Choose a smaller `workingSize`, or send smaller frames.',
  },
  CAMERA_INFO_INVALID: {
    kind: 'invalid',
    title: 'Invalid camera calibration',
    hint: 'Send a `sensor_msgs/CameraInfo`, or a calibration file of ROS, OpenCV or Kalibr, as YAML or JSON.',
  },
} as const satisfies Readonly<Record<string, ErrorMeaning>>;
