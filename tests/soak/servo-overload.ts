/**
 * `npm run soak:servo-overload -- [--minutes 10 | --seconds N] [--detector ORB]`: one live session whose frames arrive at
 * twice the speed at which they are computed. Prints the memory of the api process and of the engine over time, and the age
 * of the frames that were answered. Exits 1 when memory grows by more than 5 %, when the 99th percentile of the age exceeds
 * two frame times, or when a frame is neither answered nor reported as skipped. Two frame times are those of the frame and
 * of the one computed before it, for which it waited; frames differ in what they take, so the age is also printed in
 * medians.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { ApiClient } from '../../scripts/demo/api-client.js';
import type { RunningStack } from '../support/running-stack.js';
import { startSoakStack } from './soak-stack.js';
import { residentBytes } from './memory-watch.js';
import { loadImages, LoadSession, servoEngines } from './servo-load.js';

const { values: flags } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seconds: { type: 'string' },
    detector: { type: 'string', default: 'ORB' },
  },
});
const durationMs = 1000 * Number(flags.seconds ?? 60 * Number(flags.minutes));
/** Parts of the time whose memory is compared; the first one warms up. */
const PARTS = 5;
const SAMPLES_PER_PART = 20;
const MEASURED_FRAMES = 60;
/** Frames by whose times the camera's speed is set. */
const RECENT_FRAMES = 20;
/** As many as the credits of a new account hold. */
const MAX_FRAMES = 50_000;
const MAX_GROWTH = 1.05;
const MAX_AGE = 2;
const MEBIBYTE = 2 ** 20;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};
const rounded = (value: number, digits = 1): number => Number(value.toFixed(digits));

/** Milliseconds that a frame takes from its arrival to its answer when no other one waits. */
async function measureFrame(session: LoadSession): Promise<number> {
  const times: number[] = [];
  for (let frame = 0; frame < MEASURED_FRAMES; frame += 1) {
    const answer = new Promise<number>((resolve) => {
      session.onAnswer = ({ message: { timingsMs } }) => resolve(timingsMs.total);
    });
    session.send();
    times.push(await answer);
  }
  return quantile(times.slice(MEASURED_FRAMES / 2), 0.5);
}

/** What happened in one part of the time. */
interface Part {
  readonly api: number[];
  readonly engine: number[];
  /** Milliseconds between a frame's departure and its answer. */
  readonly ages: number[];
  /** Milliseconds that the answered frames took to compute. */
  readonly times: number[];
  /** Ages in frame times: the mean of the frame's own time and of that before it. */
  readonly shares: number[];
}

/** The processes of interest; looking for them takes longer than a frame. */
interface Watched {
  readonly api: number;
  readonly engine: number;
}

async function sample({ api, engine }: Watched, part: Part): Promise<void> {
  part.api.push(await residentBytes(api));
  part.engine.push(await residentBytes(engine));
}

/** Sends two frames in the time of one, whatever that is at the moment. */
class Camera {
  readonly #session: LoadSession;
  #recent: number[];
  #timer: NodeJS.Timeout | undefined;

  constructor(session: LoadSession, frameMs: number) {
    this.#session = session;
    this.#recent = [frameMs];
    this.#send();
  }

  /** A frame took so long. */
  learn(milliseconds: number): void {
    this.#recent = [...this.#recent.slice(1 - RECENT_FRAMES), milliseconds];
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #send(): void {
    this.#session.send();
    this.#timer = setTimeout(() => this.#send(), quantile(this.#recent, 0.5) / 2);
  }
}

async function overload(stack: RunningStack, session: LoadSession, frameMs: number): Promise<Part[]> {
  const parts: Part[] = [];
  const watched: Watched = { api: stack.children().api[0], engine: servoEngines(stack)[0] };
  const camera = new Camera(session, frameMs);
  let before = frameMs;
  for (let index = 0; index < PARTS; index += 1) {
    const part: Part = { api: [], engine: [], ages: [], times: [], shares: [] };
    parts.push(part);
    session.onAnswer = ({ ageMs, message: { timingsMs } }) => {
      part.ages.push(ageMs);
      const time = timingsMs.total - timingsMs.queue;
      part.times.push(time);
      part.shares.push((2 * ageMs) / (before + time));
      before = time;
      camera.learn(time);
    };
    for (let look = 0; look < SAMPLES_PER_PART; look += 1) {
      await delay(durationMs / PARTS / SAMPLES_PER_PART);
      await sample(watched, part);
    }
  }
  camera.stop();
  while (session.pending > 0 && session.isOpen) await delay(10);
  return parts;
}

function report(parts: readonly Part[], session: LoadSession): boolean {
  const rows = parts.map(({ api, engine, ages, times, shares }) => {
    const computing = quantile(times, 0.5);
    const inMedians = (share: number): number => rounded(quantile(ages, share) / computing, 2);
    const inFrames = (share: number): number => rounded(quantile(shares, share), 2);
    return {
      'api MiB': rounded(mean(api) / MEBIBYTE),
      'engine MiB': rounded(mean(engine) / MEBIBYTE),
      answers: ages.length,
      'computing ms, p50': rounded(computing),
      'computing ms, p95': rounded(quantile(times, 0.95)),
      'age ms, p50': rounded(quantile(ages, 0.5)),
      'in frame times, p50': inFrames(0.5),
      p95: inFrames(0.95),
      p99: inFrames(0.99),
      max: inFrames(1),
      'in medians, p50': inMedians(0.5),
      'medians p95': inMedians(0.95),
      'medians p99': inMedians(0.99),
      'medians max': inMedians(1),
    };
  });
  console.table(rows);
  const [, second] = parts;
  const last = parts[PARTS - 1];
  const growth = { api: mean(last.api) / mean(second.api), engine: mean(last.engine) / mean(second.engine) };
  const { sent, answered, skipped, failed } = session;
  const lost = sent - answered - skipped - failed;
  console.table([
    {
      sent,
      answered,
      skipped,
      failed,
      'unaccounted for': lost,
      'api memory, last to second part': rounded(growth.api, 3),
      'engine memory, last to second part': rounded(growth.engine, 3),
    },
  ]);
  const isFlat = growth.api <= MAX_GROWTH && growth.engine <= MAX_GROWTH;
  const isFresh = rows.slice(1).every((row) => row.p99 <= MAX_AGE);
  return isFlat && isFresh && lost === 0 && failed === 0;
}

// The sent frames would have the client's heap collected every second, with threads on both cores: a delay of the client that
// counted as age.
setFlagsFromString('--heap-growing-percent=200');
const { stack, folder, end } = await startSoakStack('infernode-servo-overload-', {
  SERVO_SPARE_ENGINES: '0',
});
try {
  const client = new ApiClient(stack.url);
  await client.signUp('overload@example.com', 'a good password');
  const session = await LoadSession.open(client, await loadImages(folder), {
    detector: flags.detector,
    maxFrames: MAX_FRAMES,
  });
  const frameMs = await measureFrame(session);
  console.log(`a frame takes ${frameMs.toFixed(1)} ms`);
  const parts = await overload(stack, session, frameMs);
  await session.end();
  process.exitCode = report(parts, session) ? 0 : 1;
} finally {
  await end();
}
