/**
 * `npm run soak:servo-kills -- [--sessions 10] [--rounds 3] [--fps 2] [--detector ORB]`: live sessions on a stack of its own
 * whose engines, whose database and whose api process are killed with SIGKILL while frames come. Prints how long every
 * session took to answer again, and the frames that clients saw answered beside those that were captured. Exits 1 when a
 * session hangs, a process is left, a balance differs from its ledger, a session answers later than two seconds and the time
 * between two of its frames after its engine was killed, or more than two seconds of work are not captured.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ApiClient } from '../../scripts/demo/api-client.js';
import { descendants, isAlive, type RunningStack } from '../support/running-stack.js';
import { startSoakStack } from './soak-stack.js';
import { loadImages, LoadSession, servoEngines, type LoadImages } from './servo-load.js';

const { values: flags } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    fps: { type: 'string', default: '2' },
    detector: { type: 'string', default: 'ORB' },
  },
});
const [count, rounds, fps] = [Number(flags.sessions), Number(flags.rounds), Number(flags.fps)];
/** Longest time for engines to be replaced, and for work that a crash may lose. */
const LIMIT_MS = 2000;
/** After that long without an answer a session hangs. */
const HUNG_MS = 30_000;
const CALM_MS = 3000;
/** Of each session; the credits of a new account hold them for twice as many sessions. */
const MAX_FRAMES = Math.floor(25_000 / count);
const STEP_MS = 10;

const seconds = (milliseconds: number): number => Math.round(milliseconds / 10) / 100;

/** A stack under load. */
interface Load {
  readonly stack: RunningStack;
  readonly client: ApiClient;
  readonly images: LoadImages;
  readonly sessions: LoadSession[];
}

/** Waits until `done`. @returns milliseconds from `start`; infinite when it took too long */
async function until(start: number, done: () => boolean | Promise<boolean>): Promise<number> {
  while (!(await done())) {
    if (performance.now() - start > HUNG_MS) return Infinity;
    await delay(STEP_MS);
  }
  return performance.now() - start;
}

async function openSessions({ client, images }: Pick<Load, 'client' | 'images'>): Promise<LoadSession[]> {
  const sessions: LoadSession[] = [];
  for (let index = 0; index < count; index += 1)
    sessions.push(
      await LoadSession.open(client, images, { detector: flags.detector, maxFrames: MAX_FRAMES }),
    );
  return sessions;
}

/** Sends frames to all sessions, evenly spread over time, until `stop`. */
function sendFrames({ sessions }: Load): { stop(): void } {
  let turn = 0;
  const timer = setInterval(() => sessions[turn++ % count]?.send(), 1000 / fps / count);
  return { stop: () => clearInterval(timer) };
}

/** Kills engines, and waits until their sessions answer again. */
async function killEngines({ stack, sessions }: Load, most: number) {
  const victims = servoEngines(stack).slice(0, most);
  const start = performance.now();
  for (const pid of victims) process.kill(pid, 'SIGKILL');
  await until(start, () => sessions.some(({ interruptedAt }) => interruptedAt >= start));
  const hit = (): LoadSession[] => sessions.filter(({ interruptedAt }) => interruptedAt >= start);
  const wanted = Math.min(count, most);
  const isBack = ({ backAt }: LoadSession): boolean => Number.isFinite(backAt);
  const isOver = await until(start, () => hit().length >= wanted && hit().every(isBack));
  const times = hit()
    .map(({ backAt }) => backAt - start)
    .sort((a, b) => a - b);
  const last = Number.isFinite(isOver) ? (times.at(-1) ?? Infinity) : Infinity;
  return {
    killed: `${String(victims.length)} engines`,
    'sessions interrupted': times.length,
    'first answer after s': seconds(times[0]),
    'median answer after s': seconds(times[times.length >> 1]),
    'last answer after s': seconds(last),
    ok: last <= LIMIT_MS + 1000 / fps,
  };
}

interface Row {
  readonly id: string;
  readonly status: string;
  readonly frames_answered: number;
}

const rowsOf = (stack: RunningStack, sessions: readonly LoadSession[]): Promise<Row[]> =>
  stack.query<Row>('SELECT id, status, frames_answered FROM servo_sessions WHERE id = ANY($1)', [
    sessions.map(({ id }) => id),
  ]);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Kills the database, and waits until every session's count is recorded again. */
async function killDatabase(load: Load) {
  const { stack, sessions } = load;
  const failedBefore = sum(sessions.map(({ failed }) => failed));
  const start = performance.now();
  process.kill(stack.children().postgres[0], 'SIGKILL');
  await delay(CALM_MS);
  const recorded = await until(start, async () => {
    const answered = new Map(sessions.map((session) => [session.id, session.answered]));
    const rows = await rowsOf(stack, sessions).catch(() => []);
    return (
      rows.length === count &&
      rows.every((row) => row.frames_answered >= (answered.get(row.id) ?? 0) - LIMIT_MS / 1000)
    );
  });
  const answering = await until(performance.now(), () =>
    sessions.every(({ answeredAt }) => answeredAt > start + CALM_MS),
  );
  return {
    killed: 'the database',
    'frames refused meanwhile': sum(sessions.map(({ failed }) => failed)) - failedBefore,
    'counted again after s': seconds(recorded),
    ok: Number.isFinite(recorded) && Number.isFinite(answering),
  };
}

/** Kills the api process, and waits until its sessions are settled and as many new ones answer. */
async function killApi(load: Load) {
  const { stack, sessions, client } = load;
  const [api] = stack.children().api;
  const lost = [...sessions];
  const orphans = servoEngines(stack);
  const start = performance.now();
  process.kill(api, 'SIGKILL');
  await until(start, () => lost.every(({ isOpen }) => !isOpen));
  const seen = sum(lost.map(({ answered }) => answered));
  sessions.length = 0;
  const isSettled = async (): Promise<boolean> =>
    (await rowsOf(stack, lost)).every(({ status }) => status === 'ended');
  const settling = until(start, isSettled);
  const engines = await until(start, () => !orphans.some((pid) => isAlive(pid)));
  await until(start, async () => (await client.get('/readyz').catch(() => null)) !== null);
  sessions.push(...(await openSessions(load)));
  const back = await until(start, () => sessions.every(({ answered }) => answered > 0));
  const settled = await settling;
  const captured = sum((await rowsOf(stack, lost)).map((row) => row.frames_answered));
  return {
    killed: 'the api process',
    'frames seen': seen,
    'frames captured': captured,
    'lost, seconds of work': seconds(((seen - captured) / (fps * count)) * 1000),
    'engines gone after s': seconds(engines),
    'new sessions answer after s': seconds(back),
    'old sessions settled after s': seconds(settled),
    ok:
      Number.isFinite(engines) &&
      captured <= seen + count &&
      (seen - captured) / (fps * count) <= LIMIT_MS / 1000 &&
      Number.isFinite(settled),
  };
}

/** Ends all sessions; the frames that their clients saw and those that were charged. */
async function endAll({ stack, sessions }: Load) {
  await Promise.all(sessions.map((session) => session.end()));
  const rows = await rowsOf(stack, sessions);
  const [{ hung }] = await stack.query<{ hung: string }>(
    "SELECT count(*) AS hung FROM servo_sessions WHERE status <> 'ended'",
  );
  const [{ balance, ledger }] = await stack.query<{ balance: string; ledger: string }>(
    `SELECT u.balance_micro AS balance, SUM(t.delta_micro) AS ledger FROM users u
     JOIN credit_transactions t ON t.user_id = u.id WHERE u.email = 'kills@example.com' GROUP BY u.id`,
  );
  const [seen, captured] = [
    sum(sessions.map(({ answered }) => answered)),
    sum(rows.map((row) => row.frames_answered)),
  ];
  return {
    'frames seen': seen,
    'frames captured': captured,
    'hung sessions': Number(hung),
    'balance is the ledger': balance === ledger,
    ok: seen === captured && Number(hung) === 0 && balance === ledger,
  };
}

async function run(load: Load): Promise<boolean> {
  const camera = sendFrames(load);
  await until(performance.now(), () => load.sessions.every(({ answered }) => answered > 0));
  const engines = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const most of [1, Infinity]) {
      await delay(CALM_MS);
      engines.push(await killEngines(load, most));
    }
  }
  console.table(engines);
  await delay(CALM_MS);
  const database = await killDatabase(load);
  console.table([database]);
  await delay(CALM_MS);
  const api = await killApi(load);
  console.table([api]);
  await delay(CALM_MS);
  camera.stop();
  await until(performance.now(), () => load.sessions.every(({ pending }) => pending === 0));
  const end = await endAll(load);
  console.table([end]);
  return [...engines, database, api, end].every(({ ok }) => ok);
}

const { stack, folder, end } = await startSoakStack('infernode-servo-kills-', {
  SERVO_ENGINES: String(count),
  SERVO_SESSIONS_PER_USER: String(2 * count),
});
try {
  const client = new ApiClient(stack.url);
  await client.signUp('kills@example.com', 'a good password');
  const images = await loadImages(folder);
  const sessions = await openSessions({ client, images });
  const isRight = await run({ stack, client, images, sessions });
  const processes = descendants(stack.process.pid ?? -1);
  await end();
  const left = processes.filter((pid) => isAlive(pid));
  console.log(`processes left: ${String(left.length)}`);
  process.exitCode = isRight && left.length === 0 ? 0 : 1;
} finally {
  await end();
}
