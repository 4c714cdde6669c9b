import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { loadSettings } from '../src/config/load.js';
import { startStack } from '../src/stack.js';
import { benchmarkClassification } from './classification.js';
import { prepareNetworks } from './classification-peer.js';
import { benchmarkHttp } from './http.js';
import { benchmarkInpainting } from './inpainting/fills.js';
import { benchmarkJobs } from './jobs.js';
import { benchmarkLibraries } from './libraries.js';
import { benchmarkStart } from './start.js';
import { benchmarkPeers, type PeerOptions } from './peers.js';
import { benchmarkServo, type ServoBenchOptions } from './servo/live.js';
import { benchmarkRecovery } from './servo/recovery.js';
import type { Figure, Spread } from './statistics.js';

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    // Substring of the measured names, for long benchmarks.
    only: { type: 'string' },
    // Options of the comparison with the peers.
    detectors: { type: 'string' },
    core: { type: 'string' },
    repeat: { type: 'string' },
    // Rounds of that, and of each classification case.
    rounds: { type: 'string' },
    // Options of live servoing.
    clips: { type: 'string' },
    frames: { type: 'string' },
    sessions: { type: 'string' },
    python: { type: 'string' },
  },
});
const peerOptions: PeerOptions = {
  ...(flags.detectors === undefined ? {} : { detectors: flags.detectors.split(',') }),
  ...(flags.core === undefined ? {} : { core: Number(flags.core) }),
  ...(flags.repeat === undefined ? {} : { repeat: Number(flags.repeat) }),
  ...(flags.rounds === undefined ? {} : { rounds: Number(flags.rounds) }),
};

const servoOptions: ServoBenchOptions & { readonly sessions?: number } = {
  ...peerOptions,
  ...(flags.clips === undefined ? {} : { clips: flags.clips.split(',') }),
  ...(flags.frames === undefined ? {} : { frames: Number(flags.frames) }),
  ...(flags.sessions === undefined ? {} : { sessions: Number(flags.sessions) }),
  ...(flags.python === undefined ? {} : { python: flags.python }),
};

/** Benchmarks by name; those that use the API receive its address. */
const PARTS: Readonly<Record<string, (url: string, only?: string) => Promise<Figure[]>>> = {
  cns: async (url) => [...(await benchmarkPeers(peerOptions)), ...(await benchmarkJobs(url))],
  classification: (url, only) => benchmarkClassification(url, { only, rounds: peerOptions.rounds }),
  http: benchmarkHttp,
  servo: (url) => benchmarkServo(url, servoOptions),
};
/** Benchmarks that need no running system; `peers` is one of cns that only runs on request. */
const ALONE: Readonly<Record<string, () => Promise<Figure[]>>> = {
  peers: () => benchmarkPeers(peerOptions),
  inpainting: () => benchmarkInpainting(flags.only),
  start: () => benchmarkStart(peerOptions.rounds),
  libraries: benchmarkLibraries,
  'servo-recovery': () => benchmarkRecovery(servoOptions),
};

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const spread = ({ median, minimum, maximum }: Spread): string =>
  `${number(median)}  (${number(minimum)}–${number(maximum)})`;

function print(figures: readonly Figure[]): void {
  const table = new Table({
    head: ['figure', 'unit', 'median (min–max)', 'baseline of the same run', 'ratio'],
    style: { head: [], border: [] },
  });
  for (const { name, unit, value, baseline } of figures) {
    const against = baseline ? `${baseline.name}: ${spread(baseline.value)}` : '';
    table.push([name, unit, spread(value), against, baseline ? baseline.ratio.toFixed(2) : '']);
  }
  process.stdout.write(`${table.toString()}\n`);
}

/** Without names, all but the one that needs a Python with additional packages, and live servoing. */
const ON_REQUEST = ['classification', 'servo'];
const chosen =
  positionals.length > 0
    ? positionals
    : [...Object.keys(PARTS).filter((name) => !ON_REQUEST.includes(name)), 'inpainting'];
const unknown = chosen.find((name) => !Object.hasOwn(ALONE, name) && !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  const names = [...Object.keys(PARTS), ...Object.keys(ALONE)].join(', ');
  process.stderr.write(`Unknown benchmark ${unknown}; there are ${names}.\n`);
  process.exit(2);
}

/** Installs the networks of the classification benchmark, with one engine per core and an admin who grants credits. */
async function prepareClassification(dataDirectory: string): Promise<void> {
  const models = path.join(dataDirectory, 'models');
  await prepareNetworks(models);
  Object.assign(process.env, {
    MODELS_DIR: models,
    NETWORK_ENGINES: String(os.availableParallelism()),
    INFERENCE_DEVICE: 'cpu',
    ADMIN_EMAIL: 'bench-admin@example.com',
    ADMIN_PASSWORD: randomBytes(16).toString('hex'),
  });
}

/** Starts the whole product in a temporary folder and runs benchmarks against it. */
async function againstStack(names: readonly string[]): Promise<Figure[]> {
  const dataDirectory = await mkdtemp(path.join(os.tmpdir(), 'infernode-bench-'));
  // World-accessible, so that PostgreSQL started by root stores its cluster in it as well.
  await chmod(dataDirectory, 0o755);
  // Rate limits would distort the measurement.
  Object.assign(process.env, {
    DATA_DIR: dataDirectory,
    PORT: '0',
    RATE_LIMIT_PER_MINUTE: '0',
    LOG_LEVEL: 'warn',
  });
  if (names.includes('classification')) await prepareClassification(dataDirectory);
  const stack = await startStack(loadSettings(), {
    say: (line) => void process.stderr.write(`${line}\n`),
  });
  try {
    const figures: Figure[] = [];
    for (const name of names) figures.push(...(await PARTS[name](stack.url, flags.only)));
    return figures;
  } finally {
    await stack.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  }
}

const parts = chosen.filter((name) => Object.hasOwn(PARTS, name));
const figures: Figure[] = [];
for (const name of chosen.filter((name) => Object.hasOwn(ALONE, name)))
  figures.push(...(await ALONE[name]()));
if (parts.length > 0) figures.push(...(await againstStack(parts)));
print(figures);
const machine = {
  cpu: os.cpus()[0].model,
  cores: os.availableParallelism(),
  node: process.version,
  platform: process.platform,
};
await mkdir('reports', { recursive: true });
await writeFile(
  'reports/bench.json',
  JSON.stringify({ at: new Date().toISOString(), machine, figures }, null, 2),
);
process.stdout.write('written to reports/bench.json\n');
