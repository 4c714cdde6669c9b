import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { ApiClient } from '../scripts/demo/api-client.js';
import { startPeer, type Peer } from './classification-peer.js';
import { machineSeconds, processorSeconds, processTree, residentBytes } from './process-memory.js';
import { compared, spreadOf, type Figure } from './statistics.js';

const samples = path.resolve(import.meta.dirname, '..', '..', 'samples');
/** Measured cases: a network, and the width of its images (4:3). */
const CASES = [
  { network: 'shapes', width: 640 },
  { network: 'resnet18-random', width: 640 },
  { network: 'resnet18-random', width: 1920 },
] as const;
const CLIENTS = [1, 8, 32];
const ROUNDS = 3;
/** Disturbed rounds are repeated, up to this many per requested round; the calmest ones count. */
const MAX_TRIES = 2;
/** Maximum share of the machine used by other processes in a calm round. */
const CALM = 0.1;
/**
 * When the 99th percentile of a client's scheduling delay is above this, the scheduler is measured instead of the
 * server.
 */
const MAX_SCHEDULING_DELAY_MS = 50;
const NANOSECONDS = 1e-6;
const SECONDS = 4;
/** A server without any response in this time has failed; before that, the measurement waits for it. */
const RESPONSE_TIMEOUT_SECONDS = 60;
const WARM_SECONDS = 2;
const IMAGES = 12;
/**
 * Minimum share of images with the same best class: decoders and interpolation differ slightly, so classes with nearly
 * equal scores may swap in a few images.
 */
const MIN_AGREEMENT = 0.75;

/** One of the two servers. */
interface Contestant {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Serving processes; read again each time, since engines start and stop. */
  pids(): number[];
  /** All processes involved in a response: these, and the database. */
  workers(): number[];
}

interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly rss: number;
  /** Processor time per response, milliseconds. */
  readonly cpu: number;
  /** Share of the machine used by unrelated processes meanwhile. */
  readonly others: number;
  /** Scheduling delay of the clients in milliseconds, 99th percentile. */
  readonly late: number;
}

/** Options of the benchmark. */
export interface ClassificationOptions {
  /** Substring of the case names to run: `resnet18-random, 640 pixels wide, 32 clients`. */
  readonly only?: string;
  /** Counted rounds per case; default 3. */
  readonly rounds?: number;
}

interface Answer {
  readonly predictions: readonly { readonly index: number; readonly probability: number }[];
}

/** Frames of a sample clip as JPEG data URLs. */
async function images(width: number): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-bench-images-'));
  try {
    const clip = path.join(samples, 'approach.mp4');
    const pattern = path.join(folder, '%02d.jpg');
    const frames = ['-frames:v', String(IMAGES), '-vf', `scale=${String(width)}:-1`, '-q:v', '3'];
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-i', clip, ...frames, pattern]);
    const files = await Promise.all(
      (await readdir(folder)).sort().map((name) => readFile(path.join(folder, name), 'base64')),
    );
    return files.map((base64) => `data:image/jpeg;base64,${base64}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const bodyOf = (network: string, data: string): string =>
  JSON.stringify({ model_id: network, input: { type: 'image', data }, options: { top_k: 5 } });

async function ask({ url, headers }: Contestant, body: string): Promise<Answer> {
  const response = await fetch(`${url}/api/inference/execute`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Answer;
}

/** Both servers must return the same result before their speed is compared: the best class of most images is equal. */
async function requireSameAnswers(
  ours: Contestant,
  peer: Contestant,
  bodies: readonly string[],
): Promise<void> {
  let same = 0;
  for (const body of bodies) {
    const [first, second] = [await ask(ours, body), await ask(peer, body)];
    if (first.predictions[0].index === second.predictions[0].index) same += 1;
  }
  process.stderr.write(`Both name the same class for ${same} of ${bodies.length} images.\n`);
  if (same < MIN_AGREEMENT * bodies.length) throw new Error('The two servers disagree.');
}

type Loading = Parameters<typeof autocannon>[0];

/**
 * Loads a server for some seconds, longer when it does not respond at first.
 * @throws Error describing the failure
 */
async function answersOf(options: Loading): Promise<autocannon.Result> {
  for (let seconds = SECONDS; ; seconds = Math.min(2 * seconds, RESPONSE_TIMEOUT_SECONDS)) {
    const result = await autocannon({ ...options, duration: seconds });
    const { non2xx, errors, timeouts, requests } = result;
    if (non2xx > 0 || errors > 0) {
      throw new Error(
        `${options.url}: ${non2xx} refused, ${errors} failed (${timeouts} of them late), ${requests.total} answered`,
      );
    }
    if (requests.total > 0) return result;
    if (seconds === RESPONSE_TIMEOUT_SECONDS)
      throw new Error(`${options.url} has answered nothing for ${seconds} s.`);
    process.stderr.write(`${options.url} has answered nothing for ${seconds} s; it gets more time.\n`);
  }
}

async function load(server: Contestant, bodies: readonly string[], connections: number): Promise<Load> {
  const requests = bodies.map((body) => ({ method: 'POST' as const, headers: { ...server.headers }, body }));
  const options = { url: `${server.url}/api/inference/execute`, connections, requests, timeout: 60 };
  await autocannon({ ...options, duration: WARM_SECONDS });
  const machine = { all: machineSeconds(), own: processorSeconds(processTree(process.pid)) };
  const before = processorSeconds(server.workers());
  const lateness = monitorEventLoopDelay({ resolution: 5 });
  lateness.enable();
  const startedAt = performance.now();
  const result = await answersOf(options);
  lateness.disable();
  const capacity = ((performance.now() - startedAt) / 1000) * os.availableParallelism();
  const spent = processorSeconds(server.workers()) - before;
  const own = processorSeconds(processTree(process.pid)) - machine.own;
  const others = Math.max(0, machineSeconds() - machine.all - own) / capacity;
  const rss = residentBytes(server.pids()) / 2 ** 20;
  const { p50, p99 } = result.latency;
  return {
    rate: result.requests.average,
    p50,
    p99,
    rss,
    cpu: (1000 * spent) / result.requests.total,
    others,
    late: lateness.percentile(99) * NANOSECONDS,
  };
}

/** One measurement of each of the two servers. */
interface Round {
  readonly ours: Load;
  readonly peer: Load;
}

const othersIn = ({ ours, peer }: Round): number => Math.max(ours.others, peer.others);
const lateIn = ({ ours, peer }: Round): number => Math.max(ours.late, peer.late);
const isCalm = (round: Round): boolean => othersIn(round) <= CALM && lateIn(round) <= MAX_SCHEDULING_DELAY_MS;

/** Rounds alternate between the two servers, so that load from other processes affects both. */
async function contest(
  servers: { readonly ours: Contestant; readonly peer: Contestant },
  bodies: readonly string[],
  {
    name,
    clients,
    wanted = ROUNDS,
  }: { readonly name: string; readonly clients: number; readonly wanted?: number },
): Promise<Figure[]> {
  const rounds: Round[] = [];
  while (rounds.filter(isCalm).length < wanted && rounds.length < MAX_TRIES * wanted) {
    const ours = await load(servers.ours, bodies, clients);
    const peer = await load(servers.peer, bodies, clients);
    rounds.push({ ours, peer });
    process.stderr.write(`${name}, ${clients} clients: ${ours.rate} and ${peer.rate} requests/s\n`);
  }
  const kept = rounds
    .sort((a, b) => Number(isCalm(b)) - Number(isCalm(a)) || othersIn(a) - othersIn(b))
    .slice(0, wanted);
  const ours = kept.map((round) => round.ours);
  const peer = kept.map((round) => round.peer);
  const figure = (what: string, unit: string, of: (one: Load) => number): Figure =>
    compared({ name: `${name}, ${clients} clients, ${what}`, unit }, spreadOf(ours.map(of)), {
      name: 'FastAPI',
      value: spreadOf(peer.map(of)),
    });
  return [
    figure('throughput', 'requests/s', ({ rate }) => rate),
    figure('p50', 'ms', ({ p50 }) => p50),
    figure('p99', 'ms', ({ p99 }) => p99),
    figure('processor time', 'ms/request', ({ cpu }) => cpu),
    figure('memory', 'MB', ({ rss }) => rss),
    {
      name: `${name}, ${clients} clients, other processes`,
      unit: '% of machine',
      value: spreadOf(kept.map((round) => 100 * othersIn(round))),
    },
    { name: `${name}, ${clients} clients, clients late`, unit: 'ms', value: spreadOf(kept.map(lateIn)) },
  ];
}

/** A signed-in user with enough credits for the benchmark, and the api process with its engines. */
async function ourServer(url: string, peer: Peer): Promise<Contestant> {
  const user = new ApiClient(url);
  const email = `bench-classify-${Date.now()}@example.com`;
  await user.signUp(email, 'benchmark password');
  const admin = new ApiClient(url);
  await admin.signIn(process.env.ADMIN_EMAIL ?? '', process.env.ADMIN_PASSWORD ?? '');
  await admin.post('/api/admin/recharge', { email, credits: 10_000 });
  return {
    url,
    headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
    pids: () => processTree(process.pid, (command) => command.includes('src/server.js')),
    workers: () => {
      const others = new Set([process.pid, ...processTree(peer.pid)]);
      return processTree(process.pid).filter((pid) => !others.has(pid));
    },
  };
}

const peerServer = ({ url, pid }: Peer): Contestant => ({
  url,
  headers: { 'content-type': 'application/json' },
  pids: () => processTree(pid),
  workers: () => processTree(pid),
});

/**
 * Compares our classification route, including authentication, prices and ledger, with a Python server without these:
 * same networks, images, processes and threads, in one run.
 */
export async function benchmarkClassification(
  url: string,
  { only = '', rounds }: ClassificationOptions = {},
): Promise<Figure[]> {
  const models = process.env.MODELS_DIR ?? '';
  const peer = await startPeer(models, Number(process.env.NETWORK_ENGINES));
  try {
    const servers = { ours: await ourServer(url, peer), peer: peerServer(peer) };
    const figures: Figure[] = [];
    for (const { network, width } of CASES) {
      const name = `classify, ${network}, ${width} pixels wide`;
      const chosen = CLIENTS.filter((clients) => `${name}, ${clients} clients`.includes(only));
      if (chosen.length === 0) continue;
      const bodies = (await images(width)).map((image) => bodyOf(network, image));
      await requireSameAnswers(servers.ours, servers.peer, bodies);
      for (const clients of chosen)
        figures.push(...(await contest(servers, bodies, { name, clients, wanted: rounds })));
    }
    return figures;
  } finally {
    await peer.stop();
  }
}
