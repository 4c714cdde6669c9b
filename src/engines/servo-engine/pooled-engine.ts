import type { ServoEngine, ServoFrame, ServoGoalReport, ServoResult } from '../../domain/servo.js';
import { engineRetired } from '../../supervision/engine-errors.js';
import type { ServoEngineProcess } from './servo-engine-process.js';

/** What a session reports to its pool. */
interface SessionListener {
  learnDistance(metres: number): void;
  giveBack(): void;
}

/** A session's hold on its engine. */
export class PooledEngine implements ServoEngine {
  readonly goal: ServoGoalReport;
  readonly goalImage: Uint8Array | undefined;
  readonly ended: Promise<unknown>;
  readonly #listener: SessionListener;
  #end: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  constructor(
    readonly engine: ServoEngineProcess,
    { goal, goalImage }: Pick<ServoEngine, 'goal' | 'goalImage'>,
    listener: SessionListener,
  ) {
    this.goal = goal;
    this.goalImage = goalImage;
    this.#listener = listener;
    const closed = new Promise<void>((resolve) => (this.#end = resolve));
    this.ended = Promise.race([engine.exited, closed]);
  }

  async step(frame: ServoFrame, options?: { readonly matches: boolean }): Promise<ServoResult> {
    if (this.#closing) throw engineRetired();
    const result = await this.engine.step(frame, options);
    if (result.goalDistance !== undefined) this.#listener.learnDistance(result.goalDistance);
    return result;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.engine.usable) await this.engine.closeSession().catch(() => undefined);
    // A frame is still computed, which nobody waits for.
    else this.engine.kill(engineRetired());
    this.#listener.giveBack();
    this.#end();
  }
}
