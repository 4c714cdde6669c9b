/**
 * `npm run soak:webhooks [-- --jobs 1000 --clients 2 --python PROGRAM]`: jobs whose ends are sent to endpoints that accept
 * them, to one that is down for its first five attempts, and to four that never accept one: they answer 500, hang, redirect
 * to 127.0.0.1, or have a certificate that nothing trusts. Half of as many jobs run before the latter are added and half
 * after they are removed, for comparison. Exits 1 unless every end of a job arrives at each endpoint that accepts, verified
 * by `standardwebhooks` in JS and in Python; the target of the redirect receives nothing; and jobs take as long as without
 * the others. It needs a Python with the package `standardwebhooks` (`INFERNODE_PYTHON`, python3 by default).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ClusterUser, jobOf } from '../support/cluster-user.js';
import type { RunningStack } from '../support/running-stack.js';
import { startSoakStack } from './soak-stack.js';
import {
  acceptingEndpoint,
  hostileEndpoints,
  lateEndpoint,
  pythonEndpoint,
  REFUSED_ATTEMPTS,
  type SoakEndpoint,
} from './webhook-endpoints.js';

const { values: flags } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    clients: { type: 'string', default: '2' },
    python: { type: 'string', default: process.env.INFERNODE_PYTHON ?? 'python3' },
  },
});
const [jobs, clients] = [Number(flags.jobs), Number(flags.clients)];
/** Every so many jobs one is cancelled, so that not all end alike. */
const CANCELLED_EVERY = 25;
/** More than an endpoint's circuit breaker stays open after five failures. */
const ARRIVAL_SECONDS = 180;
/** Times of jobs vary by so much without any webhook. */
const MAX_MEDIAN_RATIO = 1.5;
const MAX_P99_RATIO = 3;
const WARM_UP_JOBS = 20;
const CREDITS = 1_000_000;

/** How a job ended, and how long it took from its creation on. */
interface EndedJob {
  readonly id: string;
  readonly status: string;
  readonly milliseconds: number;
}

/** Creates a job and waits for its end. */
async function runJob(user: ClusterUser, number: number): Promise<EndedJob> {
  const id = jobOf(await user.createJob());
  if (number % CANCELLED_EVERY === 0) await user.any.post(`/api/jobs/${id}/cancel`);
  for (;;) {
    const { at } = await user.any.get(`/api/jobs/${id}?wait=30`);
    const finishedAt = at('finishedAt');
    if (typeof finishedAt !== 'string') continue;
    const milliseconds = Date.parse(finishedAt) - Date.parse(String(at('createdAt')));
    return { id, status: String(at('status')), milliseconds };
  }
}

/** Runs `count` jobs, so many at a time as there are clients. */
async function runJobs(user: ClusterUser, count: number): Promise<EndedJob[]> {
  const ended: EndedJob[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      ended.push(await runJob(user, next));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return ended;
}

async function addEndpoint(user: ClusterUser, { name, url, secret }: SoakEndpoint): Promise<string> {
  const made = await user.any.post('/api/webhooks', { url, secret, description: name });
  if (made.status !== 201) throw new Error(`${String(made.status)} ${made.text}`);
  return String(made.at('webhook.id'));
}

/** Jobs whose end this endpoint has not verified, or as something else than it was. */
function missingAt({ seen }: SoakEndpoint, ended: readonly EndedJob[]): number {
  const types = new Map<string, Set<string>>();
  for (const { jobId, type = '' } of seen) {
    if (jobId) types.set(jobId, new Set([...(types.get(jobId) ?? []), type]));
  }
  return ended.filter(({ id, status }) => !types.get(id)?.has(`job.${status.toLowerCase()}`)).length;
}

/** Waits until every end has arrived everywhere, at most for a while. */
async function arrivals(expected: readonly (readonly [SoakEndpoint, readonly EndedJob[]])[]): Promise<void> {
  for (let second = 0; second < ARRIVAL_SECONDS; second += 1) {
    if (expected.every(([endpoint, ended]) => missingAt(endpoint, ended) === 0)) return;
    await delay(1000);
  }
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** Median and 99th percentile of the jobs that nobody cancelled, in milliseconds. */
function timesOf(ended: readonly EndedJob[]) {
  const completed = ended.filter(({ status }) => status === 'COMPLETED');
  const sorted = completed.map(({ milliseconds }) => milliseconds).sort((a, b) => a - b);
  return { jobs: sorted.length, median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** Attempts of each endpoint's messages by outcome, as the database has them. */
async function attemptsOf(stack: RunningStack, id: string) {
  const [row] = await stack.query<{ attempts: number; delivered: number; waiting: number }>(
    `SELECT COALESCE(sum(attempt), 0)::int AS attempts, count(*) FILTER (WHERE status = 'delivered')::int AS delivered,
            count(*) FILTER (WHERE status = 'pending')::int AS waiting
       FROM webhook_deliveries WHERE webhook_id = $1`,
    [id],
  );
  return row;
}

async function soak(stack: RunningStack): Promise<boolean> {
  const admin = { email: 'admin@example.com', password: 'admin password' };
  const user = await ClusterUser.register({ url: stack.url, instance: () => stack.url, admin }, 'webhooks');
  await user.recharge(CREDITS);
  await user.prepare();
  await runJobs(user, WARM_UP_JOBS);
  const accepting = [await acceptingEndpoint(), await pythonEndpoint(flags.python)];
  for (const endpoint of accepting) await addEndpoint(user, endpoint);
  const before = await runJobs(user, jobs / 2);
  const late = await lateEndpoint();
  const { endpoints: hostile, target } = await hostileEndpoints();
  const added: (readonly [SoakEndpoint, string])[] = [];
  for (const endpoint of [late, ...hostile]) added.push([endpoint, await addEndpoint(user, endpoint)]);
  const during = await runJobs(user, jobs);
  await arrivals([[late, during]]);
  const rows = [];
  for (const [endpoint, id] of added) {
    rows.push({ endpoint: endpoint.name, ...(await attemptsOf(stack, id)), requests: endpoint.requests() });
    await user.any.delete(`/api/webhooks/${id}`);
  }
  const after = await runJobs(user, jobs / 2);
  const all = [...before, ...during, ...after];
  await arrivals(accepting.map((endpoint) => [endpoint, all] as const));
  console.table(rows);
  const received = [...accepting.map((endpoint) => [endpoint, all] as const), [late, during] as const].map(
    ([endpoint, ended]) => ({
      endpoint: endpoint.name,
      'ends of jobs': ended.length,
      missing: missingAt(endpoint, ended),
      messages: endpoint.seen.length,
      'not verified': endpoint.seen.filter(({ verified }) => !verified).length,
    }),
  );
  console.table(received);
  const [without, beside] = [timesOf([...before, ...after]), timesOf(during)];
  const ratio = { median: beside.median / without.median, p99: beside.p99 / without.p99 };
  console.table({ 'without hostile endpoints, ms': without, 'with them, ms': beside });
  console.log(
    `ratio of the medians ${ratio.median.toFixed(2)}, of the 99th percentiles ${ratio.p99.toFixed(2)}`,
  );
  console.log(`requests at the target of the redirect: ${String(target.received.length)}`);
  await Promise.all([...accepting, late, ...hostile, target].map((one) => one.close()));
  const hostileRows = rows.slice(1);
  return (
    received.every((row) => row.missing === 0 && row['not verified'] === 0) &&
    late.requests() >= during.length + REFUSED_ATTEMPTS &&
    hostileRows.every(({ attempts, delivered }) => attempts >= REFUSED_ATTEMPTS && delivered === 0) &&
    target.received.length === 0 &&
    ratio.median <= MAX_MEDIAN_RATIO &&
    ratio.p99 <= MAX_P99_RATIO
  );
}

const { stack, end } = await startSoakStack('infernode-webhooks-', {
  WEBHOOK_ALLOW_PRIVATE: 'true',
  MAX_WAITING_JOBS_PER_USER: '0',
});
try {
  process.exitCode = (await soak(stack)) ? 0 : 1;
} finally {
  await end();
}
