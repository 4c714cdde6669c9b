import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import colours from 'picocolors';
import { loadSettings } from '../src/config/load.js';
import { openZip } from '../src/media/zip-reader.js';
import { stopRequest } from '../src/lifecycle/stop-signals.js';
import { ApiClient } from './demo/api-client.js';
import { followJob, type DemoStatus } from './demo/follow-job.js';
import {
  evenlyChosen,
  resultTable,
  summariseAgainstTruth,
  type DemoFrame,
  type SampleTruth,
} from './demo/result-table.js';
import { useOrStart } from './demo/use-or-start.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const CLIPS = ['approach', 'moving-away', 'hard-start', 'lost-goal'];
const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const step = (line: string): void => say(`${colours.cyan('▸')} ${line}`);

const { values: options } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    all: { type: 'boolean', default: false },
    clip: { type: 'string', default: 'approach' },
    detector: { type: 'string', default: 'SIFT' },
    device: { type: 'string', default: 'auto' },
  },
});

/** Exit code after Ctrl-C, by convention of shells. */
const INTERRUPTED = 130;

/** Aborts at Ctrl-C. */
const interrupt = new AbortController();

/** Default number of table rows. */
const ROWS = 12;

interface Finished {
  readonly results: {
    readonly frames: readonly DemoFrame[];
    readonly device: { readonly used: string; readonly reason: string };
    readonly timings: Readonly<Record<string, number>>;
    readonly network: { readonly id: string; readonly version: string } | null;
    readonly energy: { readonly joules: number; readonly carbonGrams: number; readonly method: string };
    readonly download_url: string;
  };
}

/** Uploads the clip as a new user and starts the job. */
async function createJob(client: ApiClient, clip: string, truth: SampleTruth): Promise<string> {
  const email = `demo-${Date.now()}@example.com`;
  const { credit } = await client.signUp(email, randomBytes(12).toString('base64url'));
  step(`registered ${email}, ${credit} credits`);
  const { dataset } = await client.post<{ dataset: { id: string } }>('/api/dataset', {
    name: `Demo ${new Date().toISOString()}`,
    tags: ['demo', clip],
  });
  const file = path.join(root, 'samples', `${clip}.mp4`);
  const upload = await client.uploadVideo(dataset.id, file, clip);
  step(`${upload.message}: ${truth.frames} frames, ${upload.costDeducted} credits`);
  const request = {
    datasetId: dataset.id,
    range: 'all',
    parameters: {
      startFrame: 0,
      endFrame: truth.frames,
      goalFrameId: truth.goalFrame,
      frameStep: 1,
      detector: options.detector,
      device: options.device,
      intrinsics: truth.intrinsics,
      goalDistance: truth.goalDistance,
    },
  };
  const quote = await client.post<{ cost: number }>('/api/inference?dryRun=true', request);
  const { jobId } = await client.post<{ jobId: string[] }>('/api/inference', request);
  step(`job ${jobId[0]} created, quoted at ${quote.cost} credits`);
  return jobId[0];
}

/** Shows the job's live progress until it ends. */
async function watchJob(client: ApiClient, jobId: string, interrupt: AbortSignal): Promise<DemoStatus> {
  const bar = new cliProgress.SingleBar({
    format: `  {bar} {percentage}% | {value}/{total} frames | {stage}`,
    hideCursor: true,
    clearOnComplete: false,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  });
  // It leaves the cursor hidden unless it is stopped.
  interrupt.addEventListener('abort', () => bar.stop(), { once: true });
  let started = false;
  const last = await followJob(client, jobId, {
    onStatus: (status) => !interrupt.aborted && step(`status ${colours.bold(status)}`),
    onProgress: ({ done, total, stage }) => {
      if (interrupt.aborted) return;
      if (!started) bar.start(total, done, { stage });
      started = true;
      bar.update(done, { stage });
    },
  });
  bar.stop();
  return last;
}

/** Downloads JSON, ZIP and plot to the data folder and prints a summary. */
async function showResult(
  client: ApiClient,
  jobId: string,
  { truth, dataDirectory }: { readonly truth: SampleTruth; readonly dataDirectory: string },
): Promise<void> {
  const { results } = await client.get<Finished>(`/api/inference/result/json/${jobId}`);
  const folder = path.join(dataDirectory, 'demo', jobId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(path.join(folder, 'result.json'), JSON.stringify(results, null, 1));
  await client.download(results.download_url, path.join(folder, 'result.zip'));
  await extractPlot(path.join(folder, 'result.zip'), folder);
  const shown = options.all ? results.frames : evenlyChosen(results.frames, ROWS);
  say(resultTable(shown, truth, results.device.used));
  if (shown.length < results.frames.length)
    say(`${shown.length} of ${results.frames.length} frames; --all shows every one.`);
  const summary = summariseAgainstTruth(results.frames, truth);
  const { network, device, timings, energy } = results;
  const fps = (1000 * results.frames.length) / timings.framesMs;
  say();
  say(`network   ${network ? `${network.id} ${network.version}` : 'none'} on ${device.used}`);
  say(`device    ${deviceLine(device)}`);
  say(
    `frames    ${results.frames.length}, ${summary.lost} lost; ${fps.toFixed(1)} per second, ${(timings.totalMs / 1000).toFixed(1)} s in total`,
  );
  say(`energy    ${energy.joules.toFixed(1)} J, ${energy.carbonGrams.toFixed(4)} g CO2e (${energy.method})`);
  say(
    `against the reference law for the true pose, median over the ${summary.farFrames} frames far from the goal:`,
  );
  say(
    `          six-vector ${summary.angle6Deg.toFixed(1)}°, rotation ${summary.angleRotationDeg.toFixed(1)}°, translation ${summary.angleTranslationDeg.toFixed(1)}°, length × ${summary.lengthRatio.toFixed(2)}`,
  );
  say();
  for (const name of ['result.json', 'result.zip', 'velocity.png'])
    say(`${name.padEnd(14)}${path.join(folder, name)}`);
}

/** The device in one line; the result lists why others were not used. */
function deviceLine({ used }: Finished['results']['device']): string {
  const asked = options.device === 'auto' ? 'a GPU if there is one' : options.device;
  if (used !== 'cpu') return `${used}, asked for ${asked}`;
  if (options.device === 'cpu') return 'cpu, as asked for';
  return `cpu: asked for ${asked}, and none can be used here; device.reason in result.json says why`;
}

/** Extracts the plot from the ZIP for immediate viewing. */
async function extractPlot(zip: string, folder: string): Promise<void> {
  const archive = await openZip(zip, {
    maxEntries: 100,
    maxTotalBytes: 500_000_000,
    maxEntryBytes: 100_000_000,
  });
  try {
    const plot = archive.entries.find(({ name }) => name === 'velocity.png');
    if (plot) await archive.extract(plot, path.join(folder, plot.name));
  } finally {
    archive.close();
  }
}

async function main(): Promise<number> {
  if (!CLIPS.includes(options.clip))
    throw new Error(`--clip is "${options.clip}"; choose one of ${CLIPS.join(', ')}.`);
  // The demo prints its own output; LOG_LEVEL=info adds the log.
  process.env.LOG_LEVEL ??= 'warn';
  const truthFile = path.join(root, 'samples', `${options.clip}.json`);
  const truth = JSON.parse(await readFile(truthFile, 'utf8')) as SampleTruth;
  const settings = loadSettings();
  const interrupted = stopRequest().then(() => interrupt.abort());
  const stack = await useOrStart(settings, { say: step, signal: interrupt.signal });
  const client = new ApiClient(stack.url);
  step(`InferNode runs at ${stack.url}`);
  try {
    const run = new DemoRun(client, truth, settings.folders.data);
    const status = await Promise.race([run.run(), interrupted.then(() => 'interrupted' as const)]);
    if (status === 'interrupted') {
      await run.cancel();
      return INTERRUPTED;
    }
    if (options.keep) {
      say(
        `\nstill running, Ctrl-C ends it:\n  API           ${stack.url}\n  documentation ${stack.url}/api/docs\n  queue board   ${stack.url}/api/admin/queues`,
      );
      await interrupted;
    }
    return status === 'COMPLETED' ? 0 : 1;
  } finally {
    if (interrupt.signal.aborted && stack.own) step('stopping the server; Ctrl-C ends it at once');
    await stack.stop();
  }
}

/** The main job from upload to files. */
class DemoRun {
  readonly #client: ApiClient;
  readonly #truth: SampleTruth;
  readonly #dataDirectory: string;
  #jobId: string | null = null;

  constructor(client: ApiClient, truth: SampleTruth, dataDirectory: string) {
    this.#client = client;
    this.#truth = truth;
    this.#dataDirectory = dataDirectory;
  }

  async run(): Promise<DemoStatus> {
    const jobId = await createJob(this.#client, options.clip, this.#truth);
    this.#jobId = jobId;
    const status = await watchJob(this.#client, jobId, interrupt.signal);
    if (status === 'COMPLETED')
      await showResult(this.#client, jobId, { truth: this.#truth, dataDirectory: this.#dataDirectory });
    if (!interrupt.signal.aborted) say(`\njob ${jobId}: ${colours.bold(status)}`);
    return status;
  }

  /** Ends the job if there is one: a server that stops lets running jobs go on for a while. */
  async cancel(): Promise<void> {
    if (this.#jobId === null) return;
    say();
    step(`cancelling job ${this.#jobId}`);
    // A job that has ended in the meantime is refused, which is just as well.
    await this.#client.post(`/api/jobs/${this.#jobId}/cancel`, {}).catch(() => undefined);
  }
}

try {
  process.exit(await main());
} catch (error) {
  if (interrupt.signal.aborted) {
    step('stopped before it was ready');
    process.exit(INTERRUPTED);
  }
  process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
