import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import autocannon from 'autocannon';
import express from 'express';
import { ApiClient } from '../scripts/demo/api-client.js';
import { treeSeconds } from './process-memory.js';
import { compared, spreadOf, type Figure, type Spread } from './statistics.js';

const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 8;

/** One kind of request against two servers. */
interface Contest {
  readonly name: string;
  readonly path: string;
  readonly request: Pick<autocannon.Options, 'method' | 'headers' | 'setupClient'>;
}

/** Rate of one round, and its number of requests. */
interface Load {
  readonly perSecond: number;
  readonly requests: number;
}

async function load(url: string, { path, request }: Contest): Promise<Load> {
  const result = await autocannon({
    ...request,
    url: `${url}${path}`,
    connections: CONNECTIONS,
    duration: SECONDS,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`${path}: ${result.non2xx} refused, ${result.errors} failed`);
  return { perSecond: result.requests.average, requests: result['2xx'] };
}

/** Processes whose processor time a request costs, by what their command lines contain. */
const PROCESSES = { 'the api': 'src/server.js', PostgreSQL: 'postgres' } as const;
type ProcessName = keyof typeof PROCESSES;
const PROCESS_NAMES = Object.keys(PROCESSES) as ProcessName[];

const secondsOf = (name: ProcessName): number =>
  treeSeconds(process.pid, (command) => command.includes(PROCESSES[name]));

/** Rounds alternate between the two servers, so that load from other processes affects both. */
async function contest(ours: string, bare: string, subject: Contest): Promise<Figure[]> {
  const rates: { ours: number[]; bare: number[] } = { ours: [], bare: [] };
  const costs: Record<ProcessName, number[]> = { 'the api': [], PostgreSQL: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = PROCESS_NAMES.map(secondsOf);
    const { perSecond, requests } = await load(ours, subject);
    rates.ours.push(perSecond);
    PROCESS_NAMES.forEach((name, index) =>
      costs[name].push((1e6 * (secondsOf(name) - before[index])) / requests),
    );
    rates.bare.push((await load(bare, subject)).perSecond);
  }
  const baseline: { name: string; value: Spread } = { name: 'bare Express', value: spreadOf(rates.bare) };
  return [
    compared({ name: subject.name, unit: 'requests/s' }, spreadOf(rates.ours), baseline),
    // Unlike the rate, these hardly depend on what else runs on the machine.
    ...PROCESS_NAMES.map((name) => ({
      name: `processor time of ${name} for it`,
      unit: 'µs/request',
      value: spreadOf(costs[name]),
    })),
  ];
}

/** An Express server that only parses JSON and returns the same bodies. */
async function startBareExpress(): Promise<{ url: string; close(): void }> {
  const app = express();
  app.use(express.json());
  app.get('/api/user/credits', (_request, response) => void response.json({ credits: 100 }));
  app.post('/api/dataset', (request, response) => {
    response.status(201).json({ message: 'Dataset created successfully', dataset: request.body as unknown });
  });
  const server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => void server.close(),
  };
}

/**
 * Requests per second of a read and of a create, compared with a bare Express handler in the same run, and the processor
 * time that a request costs.
 */
export async function benchmarkHttp(url: string): Promise<Figure[]> {
  const client = new ApiClient(url);
  await client.signUp(`bench-http-${Date.now()}@example.com`, 'benchmark password');
  const headers = { authorization: `Bearer ${client.accessToken}`, 'content-type': 'application/json' };
  const bare = await startBareExpress();
  let counter = 0;
  // Names are unique per owner, so every request needs its own body.
  const freshBody = (connection: autocannon.Client) => {
    const next = () =>
      connection.setBody(JSON.stringify({ name: `bench ${(counter += 1)}`, tags: ['bench'] }));
    next();
    connection.on('response', next);
  };
  try {
    return [
      ...(await contest(url, bare.url, {
        name: 'read (GET /api/user/credits)',
        path: '/api/user/credits',
        request: { method: 'GET', headers },
      })),
      ...(await contest(url, bare.url, {
        name: 'create (POST /api/dataset)',
        path: '/api/dataset',
        request: { method: 'POST', headers, setupClient: freshBody },
      })),
    ];
  } finally {
    bare.close();
  }
}
