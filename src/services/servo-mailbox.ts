import type { SequenceRange } from '../domain/servo-event.js';
import type { ServoFrame } from '../domain/servo.js';

/** A frame that waits for the engine. */
interface Waiting {
  readonly frame: Pick<ServoFrame, 'sequence'>;
}

/** Ranges that one answer reports at most: frames left out one after the other are one range. */
const MAX_RANGES = 256;

/** Holds the newest frame alone; what was left out is noted until it is reported. */
export class ServoMailbox<Entry extends Waiting> {
  #waiting: Entry | null = null;
  #skipped: SequenceRange[] = [];
  #count = 0;

  /** Frames that were left out so far. */
  get skippedCount(): number {
    return this.#count;
  }

  /** Whether what was left out should be reported without waiting for an answer. */
  get mustReport(): boolean {
    return this.#skipped.length >= MAX_RANGES;
  }

  /** Keeps a frame. @returns the older one that it replaced */
  put(entry: Entry): Entry | null {
    const older = this.drop();
    this.#waiting = entry;
    return older;
  }

  /** The frame that waits; nothing waits afterwards. */
  take(): Entry | null {
    const entry = this.#waiting;
    this.#waiting = null;
    return entry;
  }

  /** Leaves out the frame that waits. @returns it */
  drop(): Entry | null {
    const entry = this.take();
    if (entry) this.#note(entry.frame.sequence);
    return entry;
  }

  /** What was left out since the last report. */
  report(): readonly SequenceRange[] {
    const skipped = this.#skipped;
    this.#skipped = [];
    return skipped;
  }

  #note(sequence: number): void {
    this.#count += 1;
    const last = this.#skipped.at(-1);
    if (last?.[1] === sequence - 1) this.#skipped[this.#skipped.length - 1] = [last[0], sequence];
    else this.#skipped.push([sequence, sequence]);
  }
}
