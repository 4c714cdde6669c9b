import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { WebSocket } from 'ws';
import {
  dataUrl,
  frameMessage,
  ServoApi,
  type ServerMessage,
  type VelocityMessage,
} from '../../clients/typescript/src/index.js';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { ROOT } from '../cns/run-clip.js';
import { processTree } from '../process-memory.js';
import { compared, spreadOf, type Figure } from '../statistics.js';
import { clipFrames, writeFacts, type ClipFrames } from './clip-frames.js';
import { openLocalSession } from './in-process.js';

const run = promisify(execFile);

/** Options of the benchmark. */
export interface ServoBenchOptions {
  readonly detectors?: readonly string[];
  /** Video files; the sample clip `approach` unless given. */
  readonly clips?: readonly string[];
  /** Frames of a clip, from the first on; all unless given. */
  readonly frames?: number;
  readonly rounds?: number;
  /** The core that the engine and the Python pipeline are restricted to. */
  readonly core?: number;
  /** A Python with OpenCV and ONNX Runtime; without it there is no comparison with the Python pipeline. */
  readonly python?: string;
}

/** Frames at the beginning of a round that are not counted: code is compiled. */
const WARM_UP = 10;

type Timings = Pick<VelocityMessage['timingsMs'], 'decode' | 'detect' | 'match' | 'network'>;
const workOf = ({ decode, detect, match, network }: Timings): number => decode + detect + match + network;

const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};

/** How an answer is awaited. */
interface Waiter {
  resolve(answer: VelocityMessage): void;
  reject(error: Error): void;
}

/** A session on the server, whose frames are answered in their order. */
class ServedSession {
  readonly #socket: WebSocket;
  readonly #waiting: Waiter[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString('utf8')) as ServerMessage;
      if (message.type === 'velocity') this.#waiting.shift()?.resolve(message);
      if (message.type === 'error') this.#waiting.shift()?.reject(new Error(message.error.detail));
    });
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('The session ended.'));
    });
  }

  static async open(
    client: ApiClient,
    { facts, goal }: ClipFrames,
    { detector, maxFrames }: { readonly detector: string; readonly maxFrames: number },
  ): Promise<ServedSession> {
    const { baseUrl: url, accessToken: token } = client;
    const { width, height, intrinsics, goalDistance } = facts;
    const { fx, fy, cx, cy } = intrinsics;
    const session = await new ServoApi({ url, token }).createSession({
      goal: { image: dataUrl(goal) },
      detector,
      goalDistance,
      cameraInfo: { width, height, k: [fx, 0, cx, 0, fy, cy, 0, 0, 1], distortion_model: 'plumb_bob', d: [] },
      gain: 1,
      maxFrames,
      watchdogMs: 60_000,
    });
    const headers = { authorization: `Bearer ${token}` };
    const socket = new WebSocket(session.streamUrl.replace('http', 'ws'), { headers });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return new ServedSession(socket);
  }

  step(jpeg: Uint8Array, sequence: number): Promise<VelocityMessage> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.send(frameMessage({ format: 'jpeg', bytes: jpeg }, sequence));
    });
  }

  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.once('close', resolve));
    this.#socket.send(JSON.stringify({ type: 'end' }));
    await closed;
  }
}

/** One pass over a clip: milliseconds of each frame. */
interface Pass {
  /** From sending a frame to its answer. */
  readonly whole: readonly number[];
  /** The part that is neither decoding, detection, matching nor network. */
  readonly rest: readonly number[];
}

/** Runs a clip's frames through one session, one after the other. */
async function pass(
  frames: readonly Uint8Array[],
  step: (jpeg: Uint8Array, sequence: number) => Promise<{ readonly timingsMs: Timings }>,
): Promise<Pass> {
  const [whole, rest]: number[][] = [[], []];
  for (const [index, frame] of frames.entries()) {
    const start = performance.now();
    const { timingsMs } = await step(frame, index);
    const took = performance.now() - start;
    if (index < WARM_UP) continue;
    whole.push(took);
    rest.push(took - workOf(timingsMs));
  }
  return { whole, rest };
}

/**
 * Runs a clip's frames with two on their way: one is computed, the next one waits in the server, as with a camera.
 * @returns frames per second
 */
async function streamed(frames: readonly Uint8Array[], session: ServedSession): Promise<number> {
  const answers: Promise<unknown>[] = [];
  let start = Number.NaN;
  for (const [index, frame] of frames.entries()) {
    if (index >= 2) await answers[index - 2];
    if (index === WARM_UP + 2) start = performance.now();
    answers.push(session.step(frame, index));
  }
  await Promise.all(answers);
  return (1000 * (frames.length - WARM_UP - 1)) / (performance.now() - start);
}

const framesPerSecond = ({ whole }: Pass): number =>
  (1000 * whole.length) / whole.reduce((sum, time) => sum + time, 0);

/** Restricts all servo engines of this process to one core. */
async function pinEngines(core: number): Promise<void> {
  const engines = processTree(process.pid, (command) => command.includes('servo-engine'));
  for (const pid of engines) await run('taskset', ['-acp', String(core), String(pid)]).catch(() => undefined);
}

interface Case {
  readonly client: ApiClient;
  readonly clip: ClipFrames;
  readonly detector: string;
  readonly options: Required<Omit<ServoBenchOptions, 'python'>> & Pick<ServoBenchOptions, 'python'>;
}

/** The Python pipeline on the same clip: frames per second from decoding to velocity. */
async function pythonFramesPerSecond({ clip, detector, options }: Case): Promise<number> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-servo-peer-'));
  try {
    const [truth, report] = [path.join(folder, 'truth.json'), path.join(folder, 'report')];
    await writeFacts(clip, truth);
    await mkdir(report);
    const script = path.join(ROOT, 'benchmarks', 'peers', 'cns_pipeline.py');
    const python = options.python ?? 'python3';
    const { stdout } = await run('taskset', [
      ...['-c', String(options.core), python, script, '--clip', clip.file, '--truth', truth],
      ...['--detector', detector, '--report', report],
    ]);
    const line = stdout.trim().split('\n').at(-1) ?? '';
    return (JSON.parse(line) as { readonly framesPerSecond: number }).framesPerSecond;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchmarkCase(given: Case): Promise<Figure[]> {
  const { client, clip, detector, options } = given;
  const frames = clip.frames.slice(0, options.frames);
  const local = await openLocalSession(clip, { detector, modelsDirectory: path.join(ROOT, 'models') });
  // A round has a pass with one frame on its way and one with two; the last answer must not end the session.
  const maxFrames = 2 * options.rounds * frames.length + 1;
  const served = await ServedSession.open(client, clip, { detector, maxFrames });
  await pinEngines(options.core);
  const [servedPasses, localPasses]: Pass[][] = [[], []];
  const [streams, python]: number[][] = [[], []];
  for (let round = 0; round < options.rounds; round += 1) {
    servedPasses.push(await pass(frames, (jpeg, sequence) => served.step(jpeg, sequence)));
    streams.push(await streamed(frames, served));
    localPasses.push(await pass(frames, (jpeg, sequence) => local.step(jpeg, sequence)));
    if (options.python !== undefined) python.push(await pythonFramesPerSecond(given));
  }
  await served.end();
  await local.close();
  const name = `${clip.name}, ${detector}`;
  const both = (label: string, unit: string, pick: (passed: Pass) => number): Figure =>
    compared({ name: `${name}, ${label}`, unit }, spreadOf(servedPasses.map(pick)), {
      name: 'in-process',
      value: spreadOf(localPasses.map(pick)),
    });
  const figures = [
    both('frame to answer, p50', 'ms', ({ whole }) => quantile(whole, 0.5)),
    both('frame to answer, p99', 'ms', ({ whole }) => quantile(whole, 0.99)),
    both("server's share, p50", 'ms', ({ rest }) => quantile(rest, 0.5)),
    both("server's share, p99", 'ms', ({ rest }) => quantile(rest, 0.99)),
    both('one frame at a time', 'frames/s', framesPerSecond),
  ];
  if (python.length === 0) return figures;
  const peer = { name: 'Python pipeline', value: spreadOf(python) };
  const against = (label: string, values: readonly number[]): Figure =>
    compared({ name: `${name}, one core each, ${label}`, unit: 'frames/s' }, spreadOf(values), peer);
  return [
    ...figures,
    against('one frame at a time', servedPasses.map(framesPerSecond)),
    against('the next frame waiting', streams),
  ];
}

/**
 * Live servoing through the server (WebSocket, JPEGs of at most 640 pixels, one frame at a time and with the next one
 * waiting) beside the same pipeline called in this process, alternating in one run, and on request beside the Python
 * pipeline of `bench -- peers`.
 */
export async function benchmarkServo(url: string, options: ServoBenchOptions = {}): Promise<Figure[]> {
  const client = new ApiClient(url);
  await client.signUp('bench-servo@example.com', 'a good password');
  const sample = path.join(ROOT, 'samples', 'approach.mp4');
  const defaults = { detectors: ['ORB', 'SIFT'], clips: [sample], frames: Infinity, rounds: 3, core: 0 };
  const all = { ...defaults, ...options };
  const figures: Figure[] = [];
  for (const file of all.clips) {
    const clip = await clipFrames(file);
    for (const detector of all.detectors)
      figures.push(...(await benchmarkCase({ client, clip, detector, options: all })));
  }
  return figures;
}
