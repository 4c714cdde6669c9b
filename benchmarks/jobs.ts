import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ApiClient } from '../scripts/demo/api-client.js';
import { followJob } from '../scripts/demo/follow-job.js';
import type { SampleTruth } from '../scripts/demo/result-table.js';
import { spreadOf, type Figure } from './statistics.js';

const samples = path.resolve(import.meta.dirname, '..', '..', 'samples');
const ROUNDS = 3;
const PICK_UPS = 15;

interface JobView {
  readonly createdAt: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly timings: Readonly<Record<string, number>>;
}

interface Bench {
  readonly client: ApiClient;
  readonly datasetId: string;
  readonly truth: SampleTruth;
}

async function prepare(url: string): Promise<Bench> {
  const client = new ApiClient(url);
  await client.signUp(`bench-jobs-${Date.now()}@example.com`, 'benchmark password');
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', { name: 'bench' });
  await client.uploadVideo(dataset.id, path.join(samples, 'approach.mp4'), 'approach');
  const truth = JSON.parse(await readFile(path.join(samples, 'approach.json'), 'utf8')) as SampleTruth;
  return { client, datasetId: dataset.id, truth };
}

async function runJob({ client, datasetId, truth }: Bench, parameters: object): Promise<JobView> {
  const body = { datasetId, range: 'all', parameters: { goalFrameId: truth.goalFrame, ...parameters } };
  const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', body);
  const status = await followJob(client, jobId[0], {
    onStatus: () => undefined,
    onProgress: () => undefined,
  });
  if (status !== 'COMPLETED') throw new Error(`job ${jobId[0]} ended ${status}`);
  return client.get<JobView>(`/api/jobs/${jobId[0]}`);
}

const milliseconds = (from: string, to: string): number => Date.parse(to) - Date.parse(from);

async function benchmarkDetector(bench: Bench, detector: string): Promise<Figure[]> {
  await runJob(bench, { detector, endFrame: 10 }); // loads the engine
  const jobs: JobView[] = [];
  for (let round = 0; round < ROUNDS; round += 1) jobs.push(await runJob(bench, { detector }));
  const { frames } = bench.truth;
  const rate = jobs.map((job) => (1000 * frames) / milliseconds(job.startedAt, job.finishedAt));
  const stages = ['probeMs', 'goalMs', 'framesMs', 'detectMs', 'matchMs', 'networkMs', 'reportMs'];
  return [
    { name: `CNS job, ${detector}, end to end`, unit: 'frames/s', value: spreadOf(rate) },
    ...stages
      .filter((stage) => jobs.every(({ timings }) => stage in timings))
      .map((stage) => ({
        name: `CNS job, ${detector}, stage ${stage.replace(/Ms$/, '')}`,
        unit: 'ms/frame',
        value: spreadOf(jobs.map(({ timings }) => timings[stage] / frames)),
      })),
  ];
}

/** Frames per second of CNS jobs on the sample clip by stage, and the time from creation to start of a job. */
export async function benchmarkJobs(url: string): Promise<Figure[]> {
  const bench = await prepare(url);
  const figures: Figure[] = [];
  for (const detector of ['SIFT', 'ORB', 'AKAZE'])
    figures.push(...(await benchmarkDetector(bench, detector)));
  const waits: number[] = [];
  for (let n = 0; n < PICK_UPS; n += 1) {
    const job = await runJob(bench, { policy: 'ibvs', endFrame: 1 });
    waits.push(milliseconds(job.createdAt, job.startedAt));
  }
  return [
    ...figures,
    { name: 'job pick-up (created to started, idle worker)', unit: 'ms', value: spreadOf(waits) },
  ];
}
