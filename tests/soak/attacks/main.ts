/**
 * `npm run soak:attacks -- [--only text] [--idle 5] [--memory 150] [--latency 200]`: starts a stack of its own on loopback
 * and sends it what hostile clients send, one attack after the other, while another process asks `/livez` every 20 ms.
 * Prints for each attack the answers, how long they took, the largest growth of the API's resident set, the worst answer
 * of `/livez`, the longest delay of the API's event loop and its processor time. Exits 1 when the API's process ended, or a
 * figure is beyond `--memory` (MB) or `--latency` (ms, of the event loop); the latter means something on an idle machine only.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../../scripts/demo/api-client.js';
import { isAlive } from '../../support/running-stack.js';
import { startSoakStack } from '../soak-stack.js';
import { allAttacks } from './attack-table.js';
import type { Attack, Target } from './attack-tools.js';
import type { ProbeReport } from './livez-probe.js';
import { residentBytes } from '../memory-watch.js';

const MEBIBYTE = 2 ** 20;
const SAMPLE_MS = 20;
const SETTLE_MS = 1500;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    idle: { type: 'string', default: '5' },
    memory: { type: 'string', default: '150' },
    latency: { type: 'string', default: '200' },
  },
});

const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Follows the resident set of a process until it is stopped. */
function watchResident(pid: number): () => number {
  let peak = 0;
  const timer = setInterval(() => {
    void residentBytes(pid).then((bytes) => (peak = Math.max(peak, bytes)));
  }, SAMPLE_MS);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

const monitorFileIn = (folder: string): string => path.join(folder, 'loop.json');
const { stack, folder, end } = await startSoakStack('infernode-attacks-', (temporary) => ({
  BODY_IDLE_SECONDS: options.idle,
  LOOP_MONITOR_FILE: monitorFileIn(temporary),
  NODE_OPTIONS: `--import ${pathToFileURL(beside('./loop-monitor.js')).href}`,
}));
const monitorFile = monitorFileIn(folder);
const [api] = stack.children().api;
const probe = fork(beside('./livez-probe.js'), [stack.url]);
probe.on('error', () => undefined);

async function probed(): Promise<ProbeReport> {
  const answer = once(probe, 'message') as Promise<[ProbeReport]>;
  probe.send('report');
  return (await answer)[0];
}

/** Figures of the API's event loop since the last call. */
async function loopFigures(): Promise<{ longestMs: number; processorMs: number }> {
  if (!isAlive(api)) return { longestMs: Infinity, processorMs: 0 };
  await rm(monitorFile, { force: true });
  process.kill(api, 'SIGUSR2');
  for (;;) {
    const text = await readFile(monitorFile, 'utf8').catch(() => '');
    if (text.endsWith('}')) return JSON.parse(text) as { longestMs: number; processorMs: number };
    await delay(SAMPLE_MS);
  }
}

async function attack({ name, prepare }: Attack, target: Target) {
  const run = await prepare();
  await delay(SETTLE_MS);
  const before = await residentBytes(api);
  await Promise.all([probed(), loopFigures()]);
  const resident = watchResident(api);
  const started = performance.now();
  const answer = await run(target);
  const seconds = (performance.now() - started) / 1000;
  await delay(2 * SAMPLE_MS);
  const [livez, loop] = await Promise.all([probed(), loopFigures()]);
  return {
    attack: name,
    answer,
    seconds: Number(seconds.toFixed(2)),
    'MB more': Math.max(0, Math.round((resident() - before) / MEBIBYTE)),
    'livez worst ms': Math.round(livez.worstMs),
    'loop longest ms': Math.round(loop.longestMs),
    'processor ms': Math.round(loop.processorMs),
    lives: isAlive(api) && livez.failed === 0,
  };
}

try {
  const account = { email: 'attacker@example.com', password: 'a good password' };
  const client = new ApiClient(stack.url);
  await client.signUp(account.email, account.password);
  const { token } = await client.post<{ token: string }>('/api/auth/login', account);
  const target: Target = { url: stack.url, token, query: (sql, values) => stack.query(sql, values) };
  const rows = [];
  for (const one of allAttacks().filter(({ name }) => name.includes(options.only))) {
    const row = await attack(one, target);
    rows.push(row);
    process.stderr.write(`${JSON.stringify(row)}\n`);
  }
  console.table(rows);
  const beyond = rows.filter(
    (row) =>
      !row.lives ||
      row['MB more'] > Number(options.memory) ||
      row['loop longest ms'] > Number(options.latency),
  );
  process.stdout.write(
    beyond.length === 0
      ? 'All within the limits.\n'
      : `Beyond the limits: ${beyond.map((row) => row.attack).join('; ')}\n`,
  );
  process.exitCode = beyond.length > 0 ? 1 : 0;
} finally {
  probe.disconnect();
  await end();
}
