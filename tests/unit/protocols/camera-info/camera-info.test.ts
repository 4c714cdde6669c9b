import { AppError } from '../../../../src/errors/app-error.js';
import { parseCameraInfo } from '../../../../src/protocols/camera-info/camera-info.js';
import { createSeededRandom } from '../../../../src/vision/geometry/two-view/seeded-random.js';
import { requireLinear } from '../../../support/bounded-work.js';

/** `ros2 topic echo --once /camera_info`. */
const ROS2 = `
header:
  stamp:
    sec: 1700000000
    nanosec: 5
  frame_id: camera_optical
height: 480
width: 640
distortion_model: plumb_bob
d:
- 0.1
- -0.2
- 0.001
- -0.002
- 0.0
k:
- 600.0
- 0.0
- 320.5
- 0.0
- 610.0
- 240.5
- 0.0
- 0.0
- 1.0
r: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
p: [590.0, 0.0, 319.0, 0.0, 0.0, 600.0, 239.0, 0.0, 0.0, 0.0, 1.0, 0.0]
binning_x: 0
binning_y: 0
roi:
  x_offset: 0
  y_offset: 0
  height: 0
  width: 0
  do_rectify: false
---
`;
const CAMERA = {
  intrinsics: { fx: 600, fy: 610, cx: 320.5, cy: 240.5 },
  size: { width: 640, height: 480 },
  distortion: { model: 'plumb_bob', coefficients: [0.1, -0.2, 0.001, -0.002, 0] },
};

const FIELDS = {
  height: 480,
  width: 640,
  distortion_model: 'plumb_bob',
  D: [0.1, -0.2, 0.001, -0.002, 0],
  K: [600, 0, 320.5, 0, 610, 240.5, 0, 0, 1],
};

/** \`camera_calibration\` of ROS; older ones name the model \`camera_model\`. */
const FILE = `
image_width: 640
image_height: 480
camera_name: front
camera_matrix:
  rows: 3
  cols: 3
  data: [ 600.    ,    0.     ,  320.5,
            0.     ,  610.     ,  240.5,
            0.     ,    0.     ,    1.     ]
camera_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [0.1, -0.2, 0.001, -0.002, 0.000000]
`;

const OPENCV = `%YAML:1.0
---
calibration_time: "So 29 Nov 2026 12:00:00"
image_width: 640
image_height: 480
camera_matrix: !!opencv-matrix
   rows: 3
   cols: 3
   dt: d
   data: [ 6.0000000000000000e+02, 0., 3.2050000000000000e+02, 0.,
       6.1000000000000000e+02, 2.4050000000000000e+02, 0., 0., 1. ]
distortion_coefficients: !!opencv-matrix
   rows: 5
   cols: 1
   dt: d
   data: [ 1.0000000000000001e-01, -2.0000000000000001e-01, 1.0000000000000000e-03, -2.0000000000000000e-03, 0. ]
`;

/** `camchain.yaml` of Kalibr. */
const KALIBR = `cam0:
  cam_overlaps: []
  camera_model: pinhole
  distortion_coeffs: [0.1, -0.2, 0.001, -0.002]
  distortion_model: radtan
  intrinsics: [600.0, 610.0, 320.5, 240.5]
  resolution: [640, 480]
  rostopic: /cam0/image_raw
`;

function problemOf(given: unknown): AppError {
  try {
    parseCameraInfo(given);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('the calibration of a camera', () => {
  it.each([
    ['a message of ROS 2 as YAML', ROS2],
    ['several messages', `${ROS2}${ROS2.replaceAll('600.0', '700.0')}`],
    ['a message of ROS 1 as JSON', JSON.stringify(FIELDS)],
    ['a message that is parsed already', FIELDS],
    ['a message with something else of that name', { ...FIELDS, intrinsics: { fx: 1 } }],
    ['a calibration file of ROS', FILE],
    ['the same with line ends of Windows', `\uFEFF${FILE.replaceAll('\n', '\r\n')}`],
    ['a calibration file of OpenCV', OPENCV],
    [
      'a matrix of rows',
      {
        ...FIELDS,
        K: [
          [600, 0, 320.5],
          [0, 610, 240.5],
          [0, 0, 1],
        ],
      },
    ],
  ])('is read from %s', (_, given) => {
    expect(parseCameraInfo(given)).toEqual(CAMERA);
  });

  it.each([
    ['no coefficients', { ...FIELDS, D: [] }, null],
    ['only zeros', { ...FIELDS, D: [0, 0, 0, 0, 0] }, null],
    ['an empty model with five', { ...FIELDS, distortion_model: '' }, CAMERA.distortion],
    [
      'eight',
      { ...FIELDS, distortion_model: 'rational_polynomial', D: [1, 2, 3, 4, 5, 6, 7, 8] },
      { model: 'rational_polynomial', coefficients: [1, 2, 3, 4, 5, 6, 7, 8] },
    ],
    [
      'fourteen of which six are nothing',
      { ...FIELDS, distortion_model: undefined, D: [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0, 0, 0] },
      { model: 'rational_polynomial', coefficients: [1, 2, 3, 4, 5, 6, 7, 8] },
    ],
    [
      'a fisheye',
      { ...FIELDS, distortion_model: 'equidistant', D: [0.1, 0, 0, 0] },
      { model: 'equidistant', coefficients: [0.1, 0, 0, 0] },
    ],
    [
      'an ideal fisheye, whose radius is the angle',
      { ...FIELDS, distortion_model: 'equidistant', D: [0, 0, 0, 0] },
      { model: 'equidistant', coefficients: [0, 0, 0, 0] },
    ],
    ['a fisheye whose images were rectified', { ...FIELDS, distortion_model: 'equidistant', D: [] }, null],
  ])('has the lens of %s', (_, given, distortion) => {
    expect(parseCameraInfo(given).distortion).toEqual(distortion);
  });

  it.each([
    ['a plumb_bob of Kalibr', KALIBR, { model: 'plumb_bob', coefficients: [0.1, -0.2, 0.001, -0.002] }],
    [
      'a fisheye of Kalibr, its block alone',
      KALIBR.replace('cam0:\n', '').replaceAll(/^ {2}/gm, '').replace('radtan', 'equidistant'),
      { model: 'equidistant', coefficients: [0.1, -0.2, 0.001, -0.002] },
    ],
  ])('is read from %s', (_, given, distortion) => {
    expect(parseCameraInfo(given)).toEqual({ ...CAMERA, distortion });
  });

  it('is that of the region and the binning of its images', () => {
    const roi = { x_offset: 100, y_offset: 40, width: 400, height: 300 };
    const { intrinsics, size } = parseCameraInfo({ ...FIELDS, binning_x: 2, binning_y: 2, roi });
    // The ray through the middle of the full image's pixel (301, 241): 301 - 100 = 201 is the second half of pixel 100.
    expect(size).toEqual({ width: 200, height: 150 });
    expect((100.25 - intrinsics.cx) / intrinsics.fx).toBeCloseTo((301 - 320.5) / 600, 12);
    expect((100.25 - intrinsics.cy) / intrinsics.fy).toBeCloseTo((241 - 240.5) / 610, 12);
  });

  it('may have no size, and then belongs to images of the goal', () => {
    expect(parseCameraInfo({ K: FIELDS.K }).size).toBeNull();
  });

  it.each([
    ['nothing', '', /holds nothing/],
    ['a list', [1, 2], /must be an object/],
    ['a word', 'calibration', /must be an object/],
    ['no matrix', { ...FIELDS, K: undefined, D: [] }, /K is missing/],
    ['a camera that is not calibrated', { ...FIELDS, K: new Array(9).fill(0) }, /not calibrated/],
    ['a matrix of eight', { ...FIELDS, K: [1, 2, 3, 4, 5, 6, 7, 8] }, /K must have 9 .* not 8/],
    ['text in the matrix', { ...FIELDS, K: ['600', 0, 0, 0, 0, 0, 0, 0, 0] }, /K must be a list/],
    ['skew', { ...FIELDS, K: FIELDS.K.with(1, 20) }, /no skew/],
    ['a transposed matrix', { ...FIELDS, K: [600, 0, 0, 0, 610, 0, 320, 240, 1] }, /last row/],
    ['a negative focal length', { ...FIELDS, K: FIELDS.K.with(0, -600) }, /above 0/],
    ['another model', { ...FIELDS, distortion_model: 'thin_prism' }, /"thin_prism"; known are plumb_bob/],
    ['three coefficients', { ...FIELDS, D: [1, 2, 3] }, /D must have 4 or 5 .* not 3/],
    ['five of a fisheye', { ...FIELDS, distortion_model: 'equidistant', D: [1, 2, 3, 4, 5] }, /must have 4 /],
    [
      'a tilted sensor',
      { ...FIELDS, distortion_model: 'rational_polynomial', D: new Array(14).fill(1) },
      /8 .*14/,
    ],
    ['infinity', '{"K": [1e999, 0, 0, 0, 1, 0, 0, 0, 1]}', /K must be a list of finite/],
    [
      'a region beyond the image',
      { ...FIELDS, roi: { x_offset: 600, y_offset: 0, width: 41, height: 480 } },
      /roi must lie within the image of 640x480/,
    ],
    ['a focal length of next to nothing', { ...FIELDS, K: FIELDS.K.with(0, 5e-324) }, /above 0/],
    ['half a size', { ...FIELDS, height: undefined }, /must both be given/],
    ['two cameras of Kalibr', KALIBR + KALIBR.replace('cam0', 'cam1'), /2 cameras; give the block of one/],
    ['another projection of Kalibr', KALIBR.replace('pinhole', 'omni'), /camera_model must be pinhole/],
    ['five numbers of Kalibr', KALIBR.replace('[600.0,', '[1, 600.0,'), /intrinsics must be fx, fy, cx, cy/],
    ['another lens of Kalibr', KALIBR.replace('radtan', 'fov'), /"fov"; known are/],
    ['no camera of Kalibr', 'cam0: 5', /cam0 must be an object/],
    ['broken JSON', '{"K": [1, 2', /neither YAML nor JSON/],
    [
      'a repeated key',
      '%YAML:1.0\n---\nimage_width: 640\nimage_height: 480\nimage_width: 1280\n',
      /the key "image_width" in line 5 is already given in the same object/,
    ],
    [
      'a repeated key in JSON',
      '{"K": [600], "width": 1, "K": [610]}',
      /the key "K" in line 1 is already given/,
    ],
    ['an alias', 'a: &a [600, 0, 320, 0, 610, 240, 0, 0, 1]\nK: *a', /neither YAML nor JSON/],
    [
      'XML',
      '\uFEFF<?xml version="1.0"?><opencv_storage></opencv_storage>',
      /it is XML; OpenCV's FileStorage/,
    ],
  ])('is refused with the reason: %s', (_, given, reason) => {
    const { code, message } = problemOf(given);
    expect(code).toBe('CAMERA_INFO_INVALID');
    expect(message).toMatch(reason);
  });

  it('is refused, in time and with the reason, when it is meant to break the parser', () => {
    const laughs = Array.from(
      { length: 20 },
      (_, i) => `l${String(i + 1)}: &l${String(i + 1)} [*l${String(i)}, *l${String(i)}]`,
    );
    requireLinear(() => {
      for (const text of [
        '['.repeat(16_000),
        '{"a":'.repeat(3_000),
        '- '.repeat(8_000),
        `${'? '.repeat(8_000)}a`,
        `l0: &l0 lol\n${laughs.join('\n')}\nK: *l20`,
        'a: '.repeat(5_000),
        '"'.repeat(16_000),
        '&a '.repeat(5_000),
        '!!x '.repeat(4_000),
        `K: |\n${' '.repeat(16_000)}`,
        '[]'.repeat(8_000),
        `{${Array.from({ length: 3_500 }, (_, index) => index.toString(36)).join()}}`,
        'x'.repeat(16_385),
      ])
        expect(problemOf(text).code).toBe('CAMERA_INFO_INVALID');
    });
  });

  it('is taken or refused, but never breaks, whatever the bytes are', () => {
    const random = createSeededRandom(3);
    for (let n = 0; n < 300; n++) {
      const characters = [...(n % 2 === 0 ? ROS2 : JSON.stringify(FIELDS))];
      for (let change = 0; change < 4; change++) {
        const at = Math.floor(random() * characters.length);
        characters[at] = String.fromCharCode(32 + random() * 95);
      }
      try {
        const { intrinsics } = parseCameraInfo(characters.join(''));
        expect(Object.values(intrinsics).every(Number.isFinite)).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CAMERA_INFO_INVALID' });
      }
    }
  });
});
