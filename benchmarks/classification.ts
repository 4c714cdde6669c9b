import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import autocannon from 'autocannon';
import { ApiClient } from '../scripts/demo/api-client.js';
import { startPeer, type Peer } from './classification-peer.js';
import { processorSeconds, processTree, residentBytes } from './process-memory.js';
import { compared, spreadOf, type Figure } from './statistics.js';

const samples = path.resolve(import.meta.dirname, '..', '..', 'samples');
const NETWORKS = ['shapes', 'resnet18-random'];
const CLIENTS = [1, 8, 32];
const ROUNDS = 3;
const SECONDS = 6;
const WARM_SECONDS = 3;
const PICTURES = 12;
/** Decoders and interpolation differ by a little, so classes of nearly the same score may change places in a few pictures. */
const LEAST_AGREEMENT = 0.75;

/** One of the two servers. */
interface Contestant {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Processes that answer; asked anew, since engines come and go. */
  pids(): number[];
  /** Processes that work for an answer: those, and a database. */
  workers(): number[];
}

interface Load {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly rss: number;
  /** Milliseconds of processor time for each answer. */
  readonly cpu: number;
}

interface Answer {
  readonly predictions: readonly { readonly index: number; readonly probability: number }[];
}

/** Frames of a sample clip as JPEG data URLs. */
async function pictures(): Promise<string[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-bench-pictures-'));
  try {
    const clip = path.join(samples, 'approach.mp4');
    const pattern = path.join(folder, '%02d.jpg');
    const frames = ['-frames:v', String(PICTURES), '-q:v', '3'];
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

/** Both must compute the same thing before their speed is compared: the best class of most pictures is the same. */
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
  process.stderr.write(`Both name the same class for ${same} of ${bodies.length} pictures.\n`);
  if (same < LEAST_AGREEMENT * bodies.length) throw new Error('The two servers disagree.');
}

async function load(server: Contestant, bodies: readonly string[], connections: number): Promise<Load> {
  const requests = bodies.map((body) => ({ method: 'POST' as const, headers: { ...server.headers }, body }));
  const options = { url: `${server.url}/api/inference/execute`, connections, requests, timeout: 60 };
  await autocannon({ ...options, duration: WARM_SECONDS });
  const before = processorSeconds(server.workers());
  const result = await autocannon({ ...options, duration: SECONDS });
  const spent = processorSeconds(server.workers()) - before;
  if (result.non2xx > 0 || result.errors > 0 || result.requests.total === 0) {
    throw new Error(`${server.url}: ${result.non2xx} refused, ${result.errors} failed`);
  }
  const rss = residentBytes(server.pids()) / 2 ** 20;
  const { p50, p99 } = result.latency;
  return { rate: result.requests.average, p50, p99, rss, cpu: (1000 * spent) / result.requests.total };
}

/** Rounds alternate between the two, so that a noisy neighbour disturbs both alike. */
async function contest(
  servers: { readonly ours: Contestant; readonly peer: Contestant },
  network: string,
  bodies: readonly string[],
  clients: number,
): Promise<Figure[]> {
  const ours: Load[] = [];
  const peer: Load[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await load(servers.ours, bodies, clients));
    peer.push(await load(servers.peer, bodies, clients));
  }
  const figure = (what: string, unit: string, of: (one: Load) => number): Figure =>
    compared(`classify, ${network}, ${clients} clients, ${what}`, unit, spreadOf(ours.map(of)), {
      name: 'FastAPI',
      value: spreadOf(peer.map(of)),
    });
  return [
    figure('throughput', 'requests/s', ({ rate }) => rate),
    figure('p50', 'ms', ({ p50 }) => p50),
    figure('p99', 'ms', ({ p99 }) => p99),
    figure('processor time', 'ms/request', ({ cpu }) => cpu),
    figure('memory', 'MB', ({ rss }) => rss),
  ];
}

/** A signed-in user with credits for the whole benchmark, and the api process with its engines. */
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
    pids: () => processTree(process.pid, (command) => command.includes('dist/src/server.js')),
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
 * Our classification route, with its token, prices and ledger, beside a Python server without any of them: same networks,
 * pictures, processes and threads, in one run.
 */
export async function benchmarkClassification(url: string): Promise<Figure[]> {
  const models = process.env.MODELS_DIR ?? '';
  const peer = await startPeer(models, Number(process.env.NETWORK_ENGINES));
  try {
    const servers = { ours: await ourServer(url, peer), peer: peerServer(peer) };
    const data = await pictures();
    const figures: Figure[] = [];
    for (const network of NETWORKS) {
      const bodies = data.map((picture) => bodyOf(network, picture));
      await requireSameAnswers(servers.ours, servers.peer, bodies);
      for (const clients of CLIENTS) figures.push(...(await contest(servers, network, bodies, clients)));
    }
    return figures;
  } finally {
    await peer.stop();
  }
}
