/**
 * What the bundle of an engine does once in a build, so that V8's compiled code of all functions that it needs for its first
 * requests can be kept: V8 compiles a function when it is called for the first time.
 */
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '..');
const compiled = (module) => import(pathToFileURL(path.join(root, 'dist', 'src', module)).href);

const LIMIT_MS = 120_000;
const [WIDTH, HEIGHT] = [640, 480];
/** Displacement of each view from the first one, pixels. */
const VIEWS = [
  [0, 0],
  [12, 7],
  [20, 15],
];
const RECTANGLES = 700;

/** Views of a texture in which every detector finds points, as JPEGs. */
async function renderViews() {
  // Not before: this module is loaded when packages are not yet installed.
  const { default: sharp } = await import('sharp');
  let state = 1;
  const random = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const [width, height] = [WIDTH + 40, HEIGHT + 40];
  const pixels = Buffer.alloc(width * height, 128);
  for (let k = 0; k < RECTANGLES; k += 1) {
    const [left, top, wide, high] = [random(width), random(height), 4 + random(40), 4 + random(40)];
    for (let y = top; y < Math.min(height, top + high); y += 1)
      pixels.fill(random(256), y * width + left, y * width + Math.min(width, left + wide));
  }
  return Promise.all(
    VIEWS.map(([left, top]) =>
      sharp(pixels, { raw: { width, height, channels: 1 } })
        .extract({ left, top, width: WIDTH, height: HEIGHT })
        .jpeg()
        .toBuffer(),
    ),
  );
}

/** A session's goal, which another engine might know already, and its first frames. */
async function rehearseServoEngine(module) {
  const { ServoEngineProcess } = await compiled('engines/servo-engine/servo-engine-process.js');
  let stderr = '';
  const engine = new ServoEngineProcess({
    module,
    env: { PATH: process.env.PATH },
    surroundings: {
      modelsDirectory: path.join(root, 'models'),
      ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', version: '' },
      image: { maxBytes: 2 ** 24, maxPixels: 2 ** 24, maxSide: 2 ** 14, timeoutSeconds: LIMIT_MS / 1000 },
    },
    maxRssBytes: 2 ** 31,
    goalTimeoutMs: LIMIT_MS,
    frameTimeoutMs: LIMIT_MS,
    onStderr: (text) => (stderr += text),
  });
  const session = {
    policy: 'cns',
    camera: null,
    fieldOfView: null,
    goalDistance: null,
    depthHint: null,
    gain: { zero: 2, infinity: 3.5, slope: -10 },
    limits: { linear: 0.5, angular: 1 },
    handEye: null,
    onWeak: 'use',
    workingSize: WIDTH,
    device: 'cpu',
    strict: false,
  };
  try {
    const [goal, ...frames] = await renderViews();
    for (const detector of ['ORB', 'SIFT', 'AKAZE']) {
      const setup = { ...session, detector };
      void engine.prepare(setup);
      const { known } = await engine.open(setup, { kind: 'image', bytes: goal });
      await engine.open(setup, known);
      for (const [sequence, bytes] of frames.entries())
        await engine.step({
          format: 'jpeg',
          sequence,
          captureTimeMicros: BigInt(sequence),
          size: null,
          bytes,
        });
    }
    process.kill(engine.pid, 'SIGTERM');
    await engine.exited;
    if (stderr !== '') throw new Error(stderr);
  } finally {
    engine.kill(new Error('The rehearsal has ended.'));
  }
}

/** By entry of a bundle; each takes the module that starts the bundle and saves the code when its process ends. */
export const rehearsals = { 'engines/servo-engine/main.js': rehearseServoEngine };
