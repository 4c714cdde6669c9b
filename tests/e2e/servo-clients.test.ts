import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { drive, type DriveEnd, type OpenExchange } from '../../scripts/demo-live/drive.js';
import { pythonExchange } from '../../scripts/demo-live/python-exchange.js';
import { drawStarts, type DemoStart } from '../../scripts/demo-live/start-poses.js';
import { typescriptExchange } from '../../scripts/demo-live/typescript-exchange.js';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { defaultIntrinsics } from '../../src/vision/geometry/camera.js';
import { writeServoImages } from '../factories/images/servo-images.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

/**
 * The clients of live servoing with a running server. Those in Python need one with pytest, websockets and numpy; where
 * there is none, their tests are skipped.
 */
const PYTHON = process.env.INFERNODE_PYTHON ?? 'python3';
const present =
  spawnSync(PYTHON, ['-c', 'import pytest, numpy, websockets.sync.client'], { stdio: 'ignore' }).status === 0;
/** As slow as the gain of a session still arrives without swinging over. */
const FRAMES_PER_SECOND = 6;
const model = { width: 320, height: 240, intrinsics: defaultIntrinsics(320, 240), supersampling: 1 };

let folder: string;
let stack: RunningStack;
let client: ApiClient;
/** Rendering its scene takes longer than a run. */
let start: DemoStart;

beforeAll(async () => {
  folder = await makeStackFolder('infernode-clients-');
  stack = await startRunningStack(folder);
  client = new ApiClient(stack.url);
  await client.signUp('clients@example.com', 'a good password');
  [start] = drawStarts(1, { seed: 1, model });
});

afterAll(async () => {
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(folder, { recursive: true, force: true });
});

/** The closed loop of `npm run demo:live` from its first start. */
async function driveHome(open: OpenExchange): Promise<DriveEnd> {
  const { signal } = new AbortController();
  return drive(start, { model, open, framesPerSecond: FRAMES_PER_SECOND, onFrame: () => undefined, signal });
}

const session = () => ({ client, model, detector: 'ORB', maxFrames: 200 });

describe('the TypeScript client', () => {
  it('brings a camera to its goal, for the frames that were answered', async () => {
    const end = await driveHome(typescriptExchange(session()));
    expect(end).toMatchObject({ arrived: true, lost: 0 });
    const [row] = await stack.query<{ status: string; frames_answered: number }>(
      'SELECT status, frames_answered FROM servo_sessions',
    );
    expect(row).toEqual({ status: 'ended', frames_answered: end.frames });
  });
});

describe('Python with what the clients need', () => {
  it('is there where INFERNODE_REQUIRE_PYTHON=1 says so', () => {
    if (process.env.INFERNODE_REQUIRE_PYTHON === '1') expect(present ? 'present' : PYTHON).toBe('present');
  });
});

(present ? describe : describe.skip)('the clients in Python', () => {
  it('bring a camera to its goal as well', async () => {
    const end = await driveHome(pythonExchange({ ...session(), python: PYTHON }));
    expect(end).toMatchObject({ arrived: true, lost: 0 });
  });

  it.each(['clients/python', 'clients/ros2'])('pass the tests of %s, none skipped', async (tests) => {
    await writeServoImages(folder);
    const env = {
      ...process.env,
      INFERNODE_TEST_URL: stack.url,
      INFERNODE_TEST_TOKEN: client.accessToken,
      INFERNODE_TEST_IMAGES: folder,
      PYTHONDONTWRITEBYTECODE: '1',
    };
    const child = spawn(PYTHON, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', '-rs', tests], { env });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString('utf8')));
    child.stderr.on('data', (text: Buffer) => (output += text.toString('utf8')));
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/\d+ passed in/) });
    expect(output).not.toContain('skipped');
  });
});
