import { engineSetup } from '../../tests/support/servo-engines.js';
import path from 'node:path';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import { createServoEngines } from '../../src/composition/servo-engines.js';
import { loadSettings } from '../../src/config/load.js';
import type {
  ServoEngine,
  ServoEngines,
  ServoFrame,
  ServoGoalSource,
  ServoSetup,
} from '../../src/domain/servo.js';
import { silentLogger } from '../../src/logging/logger.js';
import { ROOT } from '../cns/run-clip.js';
import { processorSeconds, processTree } from '../process-memory.js';
import { spreadOf, type Figure } from '../statistics.js';
import { clipFrames, type ClipFrames } from './clip-frames.js';

/** Options of the benchmark. */
export interface RecoveryOptions {
  readonly sessions?: number;
  readonly rounds?: number;
  readonly detectors?: readonly string[];
}

/** A process that was killed and whose session has not ended after that long was a spare. */
const SPARE_MS = 500;
/** By then spares are warm again. */
const CALM_MS = 4000;

const SETUP = engineSetup({ goalDistance: 0.7 });

const enginePids = (): number[] =>
  processTree(process.pid, (command) => command.includes(path.join('servo-engine', 'main.js')));

/** Sessions on engines that are killed. */
class KilledSessions {
  readonly #engines: ServoEngines;
  readonly #goal: ServoGoalSource;
  readonly #frame: ServoFrame;
  readonly #setups: readonly ServoSetup[];
  #running: ServoEngine[] = [];

  constructor(clip: ClipFrames, detector: string, sessions: number) {
    const settings = loadSettings();
    const servo = { ...settings.servo, engines: sessions };
    this.#engines = createServoEngines({ ...settings, servo }, silentLogger);
    this.#goal = { kind: 'image', bytes: clip.goal };
    this.#frame = {
      format: 'jpeg',
      sequence: 1,
      captureTimeMicros: 0n,
      size: null,
      toolFrame: false,
      bytes: clip.frames[0],
    };
    this.#setups = Array.from({ length: sessions }, () => ({ ...SETUP, detector }));
  }

  async start(): Promise<void> {
    this.#running = await Promise.all(this.#setups.map((setup) => this.#open(setup)));
    await Promise.all(this.#running.map((engine) => engine.step(this.#frame)));
  }

  /** Kills one engine that has a session. @returns milliseconds until the session has answered a frame again */
  async killOne(): Promise<number> {
    for (const pid of enginePids()) {
      const [time] = await this.#kill([pid]);
      if (time !== undefined) return time;
    }
    throw new Error('No engine had a session.');
  }

  /**
   * Kills all engines.
   * @returns milliseconds until all sessions have answered a frame again, and of processor time that each engine has taken
   */
  async killAll(): Promise<{ readonly ms: number; readonly processorMs: number }> {
    const ms = Math.max(...(await this.#kill(enginePids())));
    // Spares that start already have taken less.
    const used = enginePids()
      .map((pid) => 1000 * processorSeconds([pid]))
      .sort((a, b) => b - a)
      .slice(0, this.#setups.length);
    return { ms, processorMs: used.reduce((sum, each) => sum + each, 0) / used.length };
  }

  close(): Promise<void> {
    return this.#engines.close();
  }

  #open(setup: ServoSetup): Promise<ServoEngine> {
    const { signal } = new AbortController();
    return this.#engines.open(setup, this.#goal, { waitMs: 60_000, signal });
  }

  async #kill(pids: readonly number[]): Promise<number[]> {
    const start = performance.now();
    const hit = new Set<number>();
    this.#running.forEach(({ ended }, index) => void ended.then(() => hit.add(index)));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const expected = Math.min(pids.length, this.#setups.length);
    while (hit.size < expected && performance.now() - start < SPARE_MS) await setImmediate();
    return Promise.all(
      [...hit].map(async (index) => {
        await this.#running[index].close();
        this.#running[index] = await this.#open(this.#setups[index]);
        await this.#running[index].step(this.#frame);
        return performance.now() - start;
      }),
    );
  }
}

async function benchmarkDetector(
  clip: ClipFrames,
  detector: string,
  { sessions = 10, rounds = 3 }: RecoveryOptions,
): Promise<Figure[]> {
  const killed = new KilledSessions(clip, detector, sessions);
  const [single, all, processor]: number[][] = [[], [], []];
  try {
    await killed.start();
    for (let round = 0; round < rounds; round += 1) {
      await delay(CALM_MS);
      single.push(await killed.killOne());
      await delay(CALM_MS);
      const { ms, processorMs } = await killed.killAll();
      all.push(ms);
      processor.push(processorMs);
    }
  } finally {
    await killed.close();
  }
  const figure = (name: string, values: readonly number[]): Figure => ({
    name: `${detector}, ${name}`,
    unit: 'ms',
    value: spreadOf(values),
  });
  return [
    figure('engine killed, until its session answers', single),
    figure(`all engines and spares killed, until all ${String(sessions)} sessions answer`, all),
    figure('processor time of each of these engines until then', processor),
  ];
}

/** How long sessions of live servoing wait for another engine when theirs are killed. */
export async function benchmarkRecovery(options: RecoveryOptions = {}): Promise<Figure[]> {
  const clip = await clipFrames(path.join(ROOT, 'samples', 'approach.mp4'));
  const figures: Figure[] = [];
  for (const detector of options.detectors ?? ['ORB', 'SIFT'])
    figures.push(...(await benchmarkDetector(clip, detector, options)));
  return figures;
}
