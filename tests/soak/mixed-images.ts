/**
 * `npm run soak:images -- [--requests 1000] [--clients 8] [--cycles 20] [--network shapes]`: classifies images of
 * which every tenth is broken, then loads and unloads the network again and again, and prints statuses and the resident
 * sets of the api process and of the network's engines. Exits 1 on any 5xx, on a good image without an answer, and
 * when memory does not come back.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { plainImage } from '../factories/images/plain-image.js';
import { descendants, type RunningStack } from '../support/running-stack.js';
import { startSoakStack } from './soak-stack.js';
import { residentBytes } from './memory-watch.js';

const MEBIBYTE = 2 ** 20;
/** What the api process may keep beyond what it had after the first quarter. */
const ALLOWED_GROWTH = 64 * MEBIBYTE;
const SETTLE_MS = 3000;
const QUARTERS = 4;

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '8' },
    cycles: { type: 'string', default: '20' },
    network: { type: 'string', default: 'shapes' },
  },
});

const ENGINE = path.join('model-server', 'main.js');

/** Resident sets of the api process and of all its network engines, after the dust has settled. */
async function memoryOf(stack: RunningStack) {
  await delay(SETTLE_MS);
  const api = stack.children().api[0];
  const engines = descendants(api, ENGINE);
  const sizes = await Promise.all(engines.map(residentBytes));
  return {
    apiMiB: Math.round((await residentBytes(api)) / MEBIBYTE),
    engines: engines.length,
    enginesMiB: Math.round(sizes.reduce((sum, size) => sum + size, 0) / MEBIBYTE),
  };
}

/** What a request is made of, and whether it can be answered. */
interface Shot {
  readonly kind: string;
  readonly data: string;
}

async function makeShots(): Promise<{ good: Shot[]; broken: Shot[] }> {
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const jpeg = await plainImage([200, 120, 40], { width: 640, height: 480, format: 'jpeg' });
  const png = await plainImage([40, 120, 200], { width: 320, height: 240 });
  return {
    good: [
      { kind: 'jpeg', data: base64(jpeg) },
      { kind: 'png', data: `data:image/png;base64,${base64(png)}` },
    ],
    broken: [
      { kind: 'empty', data: 'data:image/png;base64,' },
      { kind: 'text', data: base64(Buffer.from('this is no image, whatever it is called')) },
      { kind: 'cut off', data: base64(jpeg.subarray(0, jpeg.length / 2)) },
      { kind: 'too wide', data: base64(await plainImage([1, 2, 3], { width: 40_000, height: 2 })) },
      { kind: 'wrong base64', data: '§$%&/()=' },
      { kind: '11 MB', data: base64(Buffer.alloc(11 * MEBIBYTE, 1)) },
    ],
  };
}

async function classify(url: string, token: string, data: string): Promise<number> {
  const response = await fetch(`${url}/api/inference/execute`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ model_id: options.network, input: { type: 'image', data } }),
  });
  await response.arrayBuffer();
  return response.status;
}

async function login(url: string, email: string, password: string): Promise<string> {
  const response = await fetch(`${url}/api/auth/login`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const { token } = (await response.json()) as { token: string };
  return token;
}

/** Sends everything with a fixed number of clients; counts statuses by kind. */
async function fire(url: string, token: string, total: number): Promise<Map<string, number>> {
  const { good, broken } = await makeShots();
  const counts = new Map<string, number>();
  let next = 0;
  const client = async (): Promise<void> => {
    for (let index = next++; index < total; index = next++) {
      const shots = index % 10 === 9 ? broken : good;
      const shot = shots[Math.floor(index / 10) % shots.length];
      const key = `${shot.kind} ${String(await classify(url, token, shot.data))}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: Number(options.clients) }, client));
  return counts;
}

/** Loads and unloads; returns the memory after each unload. */
async function cycle(stack: RunningStack, token: string): Promise<number[]> {
  const [api] = stack.children().api;
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const sizes: number[] = [];
  for (let round = 0; round < Number(options.cycles); round += 1) {
    for (const action of ['load', 'unload']) {
      const where = `${stack.url}/api/models/${options.network}/${action}`;
      const { status } = await fetch(where, { method: 'POST', headers, body: '{}' });
      if (status !== 200) throw new Error(`${action} answered ${String(status)}`);
    }
    if (descendants(api, ENGINE).length > 0) throw new Error('an engine outlived its network');
    sizes.push(Math.round((await residentBytes(api)) / MEBIBYTE));
  }
  return sizes;
}

const { stack, end } = await startSoakStack('infernode-images-');
try {
  const admin = await login(stack.url, 'admin@example.com', 'admin password');
  const warm = await fire(stack.url, admin, 100);
  if ([...warm.keys()].some((key) => key.endsWith(' 401'))) throw new Error('The admin has no credits.');
  const counts = new Map<string, number>();
  const memory: Record<string, Awaited<ReturnType<typeof memoryOf>>> = {};
  for (let quarter = 1; quarter <= QUARTERS; quarter += 1) {
    const part = await fire(stack.url, admin, Math.ceil(Number(options.requests) / QUARTERS));
    for (const [key, count] of part) counts.set(key, (counts.get(key) ?? 0) + count);
    memory[`quarter ${String(quarter)}`] = await memoryOf(stack);
  }
  const [first, last] = [memory['quarter 1'], memory[`quarter ${String(QUARTERS)}`]];
  const cycles = await cycle(stack, admin);
  console.table(Object.fromEntries([...counts].sort()));
  console.table(memory);
  process.stdout.write(`api MiB after each unload: ${cycles.join(' ')}\n`);
  const statuses = [...counts.keys()];
  const failed = statuses.some((key) => / 5\d\d$/.test(key));
  const unanswered = statuses.some((key) => /^(jpeg|png) (?!200)/.test(key));
  const answeredBroken = statuses.some((key) => !/^(jpeg|png) /.test(key) && key.endsWith(' 200'));
  const grown = (last.apiMiB - first.apiMiB) * MEBIBYTE > ALLOWED_GROWTH;
  process.exitCode = failed || unanswered || answeredBroken || grown ? 1 : 0;
} finally {
  await end();
}
