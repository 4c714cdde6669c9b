/**
 * `npm run soak:kills -- [--times 10]`: kills the worker with SIGKILL at half of a job, again and again, on a stack of
 * its own, and prints how each job ended and what it cost. Exits 1 unless every job is COMPLETED with a single capture
 * and every balance is the sum of its ledger.
 */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { followJob } from '../../scripts/demo/follow-job.js';
import { renderTestClip } from '../support/render-clip.js';
import { makeStackFolder, startRunningStack, type RunningStack } from '../support/running-stack.js';

const FRAMES = 60;

const { values: options } = parseArgs({ options: { times: { type: 'string', default: '10' } } });
const times = Number(options.times);
if (!Number.isInteger(times) || times < 1)
  throw new Error(`--times is ${options.times}; a whole number from 1.`);

/** Runs one job, kills the worker once half of its frames are done, and returns the row to print. */
async function killOnce(stack: RunningStack, client: ApiClient, datasetId: string, goalFrameId: number) {
  const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', {
    datasetId,
    parameters: { goalFrameId, detector: 'ORB', device: 'cpu' },
  });
  const created = performance.now();
  let killedAt: number | null = null;
  let killTime = 0;
  let takenOver = 0;
  const status = await followJob(client, jobId[0], {
    onStatus: (now) => {
      if (now === 'RUNNING' && killedAt !== null) takenOver ||= performance.now();
    },
    onProgress: ({ done }) => {
      if (killedAt !== null || done < FRAMES / 2) return;
      killedAt = done;
      killTime = performance.now();
      for (const pid of stack.children().worker) process.kill(pid, 'SIGKILL');
    },
  });
  const ledger = await stack.query<{ kind: string }>(
    'SELECT kind FROM credit_transactions WHERE job_id = $1 ORDER BY id',
    [jobId[0]],
  );
  return {
    job: jobId[0].slice(-12),
    'killed at frame': killedAt ?? -1,
    status,
    ledger: ledger.map(({ kind }) => kind).join(', '),
    'taken over after s': Math.round((takenOver - killTime) / 1000),
    'seconds in all': Math.round((performance.now() - created) / 1000),
  };
}

const folder = await makeStackFolder('infernode-kills-');
const clip = path.join(folder, 'clip.mp4');
const { goalFrame } = await renderTestClip({ out: clip, seed: 5, frames: FRAMES, width: 640, height: 480 });
const stack = await startRunningStack(path.join(folder, 'data'));
try {
  const client = new ApiClient(stack.url);
  await client.signUp('kills@example.com', 'a good password');
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'kills' });
  await client.uploadVideo(dataset.id, clip, 'clip');
  const rows = [];
  for (let time = 0; time < times; time += 1) {
    rows.push(await killOnce(stack, client, dataset.id, goalFrame));
    process.stderr.write(
      `${time + 1}/${times} ${rows[time].status} after ${rows[time]['seconds in all']} s\n`,
    );
  }
  console.table(rows);
  const [{ balance, sum }] = await stack.query<{ balance: string; sum: string }>(
    `SELECT u.balance_micro AS balance, SUM(t.delta_micro) AS sum FROM users u
     JOIN credit_transactions t ON t.user_id = u.id WHERE u.email = 'kills@example.com' GROUP BY u.id`,
  );
  console.log(`balance ${balance} micro-credits, sum of the ledger ${sum}`);
  const wrong = rows.filter(
    (row) => row['killed at frame'] < 0 || row.status !== 'COMPLETED' || row.ledger !== 'hold, capture',
  );
  process.exitCode = wrong.length > 0 || balance !== sum ? 1 : 0;
} finally {
  stack.process.kill('SIGTERM');
  await stack.exited;
  await rm(folder, { recursive: true, force: true });
}
