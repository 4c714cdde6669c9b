import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import cliProgress from 'cli-progress';
import { z } from 'zod';
import { PREVIEW_KINDS } from '../src/domain/preview.js';
import { AppError, messageOf } from '../src/errors/app-error.js';
import { openProcessing, type ProcessReport } from './process-media/processing.js';

const USAGE = `Usage:
  npm run script -- process-media --from 2026-05-01 --to 2026-05-31 [options]

  --from, --to      first and last day of the uploads in UTC, both included
  --steps A,B       some of ${PREVIEW_KINDS.join(', ')}; all by default
  --dataset ID      only media of this dataset
  --remake          make ready previews again as well
  --dry-run         only count
  --no-wait         start and return; the workers go on
  --run ID          follow a run that was started before

Works on this installation, or on the server at PROCESS_VIDEO_SERVER_URL with an admin's API key in INFERNODE_API_KEY.
`;
const POLL_MS = 1_000;
/** Without any progress for this long, it is said that a worker is needed. */
const IDLE_MS = 30_000;

const say = (sentence: string): void => void process.stdout.write(`${sentence}\n`);

/** A mistake of the caller: the usage is printed. */
class UsageError extends Error {}

const steps = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(z.array(z.enum(PREVIEW_KINDS)).min(1));
const requested = z
  .object({
    from: z.iso.date(),
    to: z.iso.date(),
    steps: steps.default([...PREVIEW_KINDS]),
    dataset: z.uuid().optional(),
    remake: z.boolean().default(false),
  })
  .refine(({ from, to }) => from <= to, { error: 'must not be before --from', path: ['to'] });

/** A bar on terminals, nothing elsewhere. */
function progressBar(): { show(report: ProcessReport): void; stop(): void } {
  if (!process.stderr.isTTY) return { show: () => undefined, stop: () => undefined };
  const bar = new cliProgress.SingleBar({
    format: '{bar} {value} of {total} previews, {failed} failed',
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(0, 0, { failed: 0 });
  return {
    show: ({ queued, progress: { done, failed } }) => {
      bar.setTotal(queued);
      bar.update(done + failed, { failed });
    },
    stop: () => bar.stop(),
  };
}

type Processing = Awaited<ReturnType<typeof openProcessing>>;

/** Follows a run to its end. A run goes on without its follower, and can be followed again. */
async function follow(processing: Processing, id: string): Promise<ProcessReport> {
  const bar = progressBar();
  let [seen, since] = ['', Date.now()];
  try {
    for (;;) {
      const report = await processing.report(id);
      bar.show(report);
      if (report.finished) return report;
      const now = JSON.stringify([report.media, report.progress]);
      if (now !== seen) [seen, since] = [now, Date.now()];
      else if (Date.now() - since > IDLE_MS) {
        process.stderr.write('\nNothing moves: is a worker running?\n');
        since = Date.now();
      }
      await delay(POLL_MS);
    }
  } finally {
    bar.stop();
  }
}

function describe({ id, media, queued, ready, waiting, progress, failures }: ProcessReport): void {
  say(`Run ${id}: ${media} media.`);
  say(`${queued} previews queued, ${ready} were ready, ${waiting} were waiting already.`);
  say(`${progress.done} done, ${progress.failed} failed, ${progress.pending} pending.`);
  for (const { mediaId, name, step, code, message } of failures)
    say(`  media ${mediaId} "${name}": ${step}: ${message} (${code})`);
  if (progress.failed > failures.length) say(`  and ${progress.failed - failures.length} more`);
}

const readArguments = () =>
  parseArgs({
    options: {
      from: { type: 'string' },
      to: { type: 'string' },
      steps: { type: 'string' },
      dataset: { type: 'string' },
      run: { type: 'string' },
      remake: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      'no-wait': { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;

/** @returns the exit status: 1 when previews failed */
async function main(): Promise<number> {
  const values = readArguments();
  if (values.help) return (say(USAGE), 0);
  if (values.run !== undefined && !z.uuid().safeParse(values.run).success)
    throw new UsageError('--run: must be the id of a run');
  const asked = values.run === undefined ? requested.safeParse(values) : undefined;
  if (asked?.success === false) {
    const lines = asked.error.issues.map(({ path, message }) => `--${path[0].toString()}: ${message}`);
    throw new UsageError(lines.join('\n'));
  }
  await using processing = await openProcessing();
  if (asked === undefined) return await finish(processing, values.run ?? '');
  const { dataset: datasetId, ...request } = asked.data;
  const wanted = { ...request, ...(datasetId !== undefined && { datasetId }) };
  if (values['dry-run']) {
    const { media, queued, ready, waiting } = await processing.quote(wanted);
    say(`${media} media; ${queued} previews would be queued, ${ready} are ready, ${waiting} are waiting.`);
    return 0;
  }
  const id = await processing.start(wanted);
  if (values['no-wait']) return (say(`Run ${id} was started; follow it with --run ${id}`), 0);
  return await finish(processing, id);
}

async function finish(processing: Processing, id: string): Promise<number> {
  const report = await follow(processing, id);
  describe(report);
  return report.progress.failed > 0 ? 1 : 0;
}

const isUsage = (error: unknown): boolean =>
  error instanceof UsageError ||
  (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));

try {
  process.exitCode = await main();
} catch (error) {
  const code = error instanceof AppError ? ` (${error.code})` : '';
  process.stderr.write(`${messageOf(error)}${code}\n${isUsage(error) ? USAGE : ''}`);
  process.exitCode = isUsage(error) ? 2 : 1;
}
