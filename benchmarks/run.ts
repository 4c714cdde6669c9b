import { chmod, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { loadEnvironment } from '../src/config/load.js';
import { startStack } from '../src/stack.js';
import { benchmarkHttp } from './http.js';
import { benchmarkJobs } from './jobs.js';
import { benchmarkPeers } from './peers.js';
import type { Figure, Spread } from './statistics.js';

const PARTS: Readonly<Record<string, (url: string) => Promise<Figure[]>>> = {
  cns: async (url) => [...(await benchmarkJobs(url)), ...(await benchmarkPeers())],
  peers: () => benchmarkPeers(),
  http: benchmarkHttp,
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

const { positionals } = parseArgs({ allowPositionals: true });
// The peers are a part of cns, and by themselves only when asked for.
const chosen = positionals.length > 0 ? positionals : Object.keys(PARTS).filter((name) => name !== 'peers');
const unknown = chosen.find((name) => !Object.hasOwn(PARTS, name));
if (unknown !== undefined) {
  process.stderr.write(`Unknown benchmark ${unknown}; there are ${Object.keys(PARTS).join(', ')}.\n`);
  process.exit(2);
}

const dataDirectory = await mkdtemp(path.join(os.tmpdir(), 'infernode-bench-'));
// Open to all, so that the database of root lies in it as well and goes with it.
await chmod(dataDirectory, 0o755);
// Limits on requests would be what is measured.
Object.assign(process.env, {
  DATA_DIR: dataDirectory,
  PORT: '0',
  RATE_LIMIT_PER_MINUTE: '0',
  LOG_LEVEL: 'warn',
});
const stack = await startStack(loadEnvironment(), (line) => void process.stderr.write(`${line}\n`));
try {
  const figures: Figure[] = [];
  for (const name of chosen) figures.push(...(await PARTS[name](stack.url)));
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
} finally {
  await stack.stop();
  await rm(dataDirectory, { recursive: true, force: true });
}
