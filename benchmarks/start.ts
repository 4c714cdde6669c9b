import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processTree, processorSeconds, residentBytes } from './process-memory.js';
import { spreadOf, type Figure } from './statistics.js';

const POLL_MS = 20;
/** By then garbage from startup has been collected, and the first round of periodic work is over. */
const IDLE_MS = 10_000;
const MEBIBYTE = 2 ** 20;

interface Measured {
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly pss: number;
  readonly rss: number;
}

/** Total memory of processes in bytes, with shared pages counted once (proc(5), smaps_rollup). */
function proportionalBytes(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    try {
      const kilobytes = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'));
      return sum + Number(kilobytes?.[1] ?? 0) * 1024;
    } catch {
      return sum; // ended meanwhile
    }
  }, 0);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function untilReady(port: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.status === 200) return;
    await delay(POLL_MS);
  }
}

/** Measures one `npm start` until /readyz returns 200, then its idle memory. */
async function measureStart(dataDirectory: string): Promise<Measured> {
  const port = await freePort();
  const startedAt = performance.now();
  const child = spawn('npm', ['start'], {
    env: {
      ...process.env,
      DATA_DIR: dataDirectory,
      PORT: String(port),
      JWT_PRIVATE_KEY_PATH: path.join(dataDirectory, 'private.key'),
      JWT_PUBLIC_KEY_PATH: path.join(dataDirectory, 'public.key'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (text: Buffer) => (output += text.toString()));
  child.stderr.on('data', (text: Buffer) => (output += text.toString()));
  const ended = once(child, 'exit').then(() => {
    throw new Error(`npm start ended:\n${output}`);
  });
  await Promise.race([untilReady(port), ended]);
  const seconds = (performance.now() - startedAt) / 1000;
  const used = processorSeconds(processTree(child.pid ?? 0));
  await delay(IDLE_MS);
  const pids = processTree(child.pid ?? 0);
  const measured = {
    seconds,
    processorSeconds: used,
    pss: proportionalBytes(pids) / MEBIBYTE,
    rss: residentBytes(pids) / MEBIBYTE,
  };
  child.kill('SIGTERM');
  await ended.catch(() => undefined);
  return measured;
}

function figuresOf(folder: string, all: readonly Measured[]): Figure[] {
  const figure = (name: string, unit: string, key: keyof Measured): Figure => ({
    name: `${name}, ${folder} data folder`,
    unit,
    value: spreadOf(all.map((measured) => measured[key])),
  });
  return [
    figure('start until /readyz is 200', 's', 'seconds'),
    figure('processor time of that', 's', 'processorSeconds'),
    figure('memory at idle, all processes (PSS)', 'MiB', 'pss'),
    figure('memory at idle, all processes (RSS)', 'MiB', 'rss'),
  ];
}

/** Time and memory of `npm start` on a built checkout, including npm's own process. */
export async function benchmarkStart(rounds = 5): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'infernode-bench-start-'));
  // World-accessible, so that PostgreSQL started by root stores its cluster in it as well.
  await chmod(folder, 0o755);
  const [empty, existing]: [Measured[], Measured[]] = [[], []];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const dataDirectory = path.join(folder, String(round));
      empty.push(await measureStart(dataDirectory));
      existing.push(await measureStart(dataDirectory));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return [...figuresOf('an empty', empty), ...figuresOf('an existing', existing)];
}
