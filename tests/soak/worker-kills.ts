/**
 * `npm run soak:kills -- [--times 10] [--task cns|inpainting]`: kills the worker with SIGKILL at half of a job, again and
 * again, on a stack of its own, and prints how each job ended and what it cost; then cancels one at half. Exits 1 unless
 * every killed job is COMPLETED with a single capture, the cancelled one is ABORTED within two seconds with its hold
 * released, and every balance is the sum of its ledger.
 */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import { descendants, type RunningStack } from '../support/running-stack.js';
import { startSoakStack } from './soak-stack.js';
import { SOAK_JOBS, soakTask, type SoakJob } from './soak-jobs.js';

const ABORT_LIMIT_MS = 2000;

const { values: options } = parseArgs({
  options: { times: { type: 'string', default: '10' }, task: { type: 'string', default: 'cns' } },
});
const times = Number(options.times);
if (!Number.isInteger(times) || times < 1)
  throw new Error(`--times is ${options.times}; a whole number from 1.`);
const task = soakTask(options.task);

interface Bench {
  readonly stack: RunningStack;
  readonly client: ApiClient;
  readonly job: SoakJob;
}

async function ledgerOf(stack: RunningStack, jobId: string): Promise<string> {
  const rows = await stack.query<{ kind: string }>(
    'SELECT kind FROM credit_transactions WHERE job_id = $1 ORDER BY id',
    [jobId],
  );
  return rows.map(({ kind }) => kind).join(', ');
}

/** Runs one job, kills the worker once half of its frames are done, and returns the row to print. */
async function killOnce({ stack, client, job }: Bench) {
  const id = await job.start();
  const created = performance.now();
  let killedAt: number | null = null;
  let killTime = 0;
  let takenOver = 0;
  const status = await followJob(client, id, {
    onStatus: (now) => {
      if (now === 'RUNNING' && killedAt !== null) takenOver ||= performance.now();
    },
    onProgress: ({ done }) => {
      if (killedAt !== null || done < job.frames / 2) return;
      killedAt = done;
      killTime = performance.now();
      for (const pid of stack.children().worker) process.kill(pid, 'SIGKILL');
    },
  });
  return {
    job: id.slice(-12),
    'killed at frame': killedAt ?? -1,
    status,
    ledger: await ledgerOf(stack, id),
    'taken over after s': Math.round((takenOver - killTime) / 1000),
    'seconds in all': Math.round((performance.now() - created) / 1000),
  };
}

/** Milliseconds from `start` until no engine of the stack runs any more. */
async function enginesGone(stack: RunningStack, start: number): Promise<number> {
  const engine = path.join('job-engine', 'main.js');
  for (;;) {
    const left = stack.children().worker.flatMap((pid) => descendants(pid, engine));
    if (left.length === 0) return performance.now() - start;
    await delay(20);
  }
}

/** Runs one job and cancels it once half of its frames are done. */
async function cancelOnce({ stack, client, job }: Bench) {
  const id = await job.start();
  let cancelledAt: number | null = null;
  let start = 0;
  let gone: Promise<number> | null = null;
  const status = await followJob(client, id, {
    onStatus: () => undefined,
    onProgress: ({ done }) => {
      if (cancelledAt !== null || done < job.frames / 2) return;
      cancelledAt = done;
      start = performance.now();
      gone = client.post(`/api/jobs/${id}/cancel`, {}).then(() => enginesGone(stack, start));
    },
  });
  const milliseconds = Math.round(performance.now() - start);
  return {
    'cancelled at frame': cancelledAt ?? -1,
    status,
    'after ms': milliseconds,
    'engine gone after ms': Math.round((await gone) ?? Infinity),
    ledger: await ledgerOf(stack, id),
  };
}

/** Whether the account's balance is what its ledger adds up to. */
async function balances(stack: RunningStack): Promise<boolean> {
  const [{ balance, sum }] = await stack.query<{ balance: string; sum: string }>(
    `SELECT u.balance_micro AS balance, SUM(t.delta_micro) AS sum FROM users u
     JOIN credit_transactions t ON t.user_id = u.id WHERE u.email = 'kills@example.com' GROUP BY u.id`,
  );
  console.log(`balance ${balance} micro-credits, sum of the ledger ${sum}`);
  return balance === sum;
}

const { stack, folder, end } = await startSoakStack('infernode-kills-');
try {
  const client = new ApiClient(stack.url);
  await client.signUp('kills@example.com', 'a good password');
  const bench = { stack, client, job: await SOAK_JOBS[task](client, folder) };
  const rows = [];
  for (let time = 0; time < times; time += 1) {
    rows.push(await killOnce(bench));
    process.stderr.write(
      `${time + 1}/${times} ${rows[time].status} after ${rows[time]['seconds in all']} s\n`,
    );
  }
  console.table(rows);
  const cancelled = await cancelOnce(bench);
  console.table([cancelled]);
  const allRight =
    rows.every(
      (row) => row['killed at frame'] >= 0 && row.status === 'COMPLETED' && row.ledger === 'hold, capture',
    ) &&
    cancelled.status === 'ABORTED' &&
    cancelled['engine gone after ms'] <= ABORT_LIMIT_MS &&
    cancelled.ledger === 'hold, release';
  process.exitCode = (await balances(stack)) && allRight ? 0 : 1;
} finally {
  await end();
}
