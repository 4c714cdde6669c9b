import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import colours from 'picocolors';
import { loadSettings } from '../src/config/load.js';
import { stopRequest } from '../src/lifecycle/stop-signals.js';
import { defaultIntrinsics } from '../src/vision/geometry/camera.js';
import { ApiClient } from './demo/api-client.js';
import { useOrStart } from './demo/use-or-start.js';
import { drive, MAX_SECONDS, type DriveEnd, type DriveFrame, type OpenExchange } from './demo-live/drive.js';
import {
  driveTable,
  endLine,
  FRAME_HEAD,
  frameLine,
  startLine,
  summariseDrives,
  summaryLine,
  timesLine,
  type DriveRow,
} from './demo-live/drive-table.js';
import { pythonExchange } from './demo-live/python-exchange.js';
import { drawStarts, type DemoStart } from './demo-live/start-poses.js';
import { typescriptExchange } from './demo-live/typescript-exchange.js';

/** The camera of the demo. */
const MODEL = { width: 640, height: 480, intrinsics: defaultIntrinsics(640, 480), supersampling: 1 };
/** Share of the starts that must arrive for the demo to succeed. */
const MIN_ARRIVED = 0.95;
/** Where the terminal cannot rewrite a line, one frame in so many is shown. */
const SHOWN_EVERY = 5;

const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const step = (line: string): void => say(`${colours.cyan('▸')} ${line}`);

const { values: options } = parseArgs({
  options: {
    detector: { type: 'string', default: 'SIFT' },
    starts: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    fps: { type: 'string', default: '12' },
    client: { type: 'string', default: 'typescript' },
    python: { type: 'string', default: 'python3' },
  },
});

/** Shows one frame; on a terminal in the place of the last one. */
function showFrame(frame: DriveFrame): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${frameLine(frame)}`);
  else if (frame.index % SHOWN_EVERY === 0 || frame.answer?.status === 'arrived') say(frameLine(frame));
}

async function driveOne(start: DemoStart, open: OpenExchange, signal: AbortSignal): Promise<DriveEnd> {
  const alone = options.starts === '1';
  step(startLine(start));
  if (alone) say(FRAME_HEAD);
  const end = await drive(start, {
    model: MODEL,
    open,
    framesPerSecond: Number(options.fps),
    onFrame: (frame) => {
      if (alone || process.stdout.isTTY) showFrame(frame);
    },
    signal,
  });
  if (process.stdout.isTTY) process.stdout.write(alone ? '\n' : '\r\u001b[K');
  say(`  ${endLine(end)}`);
  return end;
}

function openExchange(client: ApiClient): OpenExchange {
  const maxFrames = MAX_SECONDS * Number(options.fps) + 1;
  const session = { client, model: MODEL, detector: options.detector, maxFrames };
  return options.client === 'python'
    ? pythonExchange({ ...session, python: options.python })
    : typescriptExchange(session);
}

/** All starts, one after the other. @returns the exit code */
async function runStarts(client: ApiClient, signal: AbortSignal): Promise<number> {
  const email = `demo-${Date.now()}@example.com`;
  const { credit } = await client.signUp(email, randomBytes(12).toString('base64url'));
  step(`registered ${email}, ${credit} credits; detector ${options.detector}, ${options.client} client`);
  const starts = drawStarts(Number(options.starts), { seed: Number(options.seed), model: MODEL });
  const rows: DriveRow[] = [];
  for (const start of starts) rows.push({ start, end: await driveOne(start, openExchange(client), signal) });
  const summary = summariseDrives(rows.map(({ end }) => end));
  if (rows.length > 1) say(`\n${driveTable(rows)}\n\n${options.detector}: ${summaryLine(summary)}`);
  say(timesLine(rows.flatMap(({ end }) => end.times)));
  return summary.arrived >= MIN_ARRIVED * summary.runs ? 0 : 1;
}

async function main(): Promise<number> {
  if (Number(options.starts) < 1 || Number(options.fps) < 1)
    throw new Error('--starts and --fps must be at least 1.');
  process.env.LOG_LEVEL ??= 'warn';
  const settings = loadSettings();
  const interrupt = new AbortController();
  const interrupted = stopRequest().then(() => interrupt.abort());
  const stack = await useOrStart(settings, { say: step, signal: interrupt.signal });
  step(`InferNode runs at ${stack.url}`);
  try {
    const run = runStarts(new ApiClient(stack.url), interrupt.signal);
    return await Promise.race([run, interrupted.then(() => 130)]);
  } finally {
    await stack.stop();
  }
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
