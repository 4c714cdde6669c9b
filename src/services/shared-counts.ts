import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import { atMostEntries } from '../domain/cache-limits.js';
import type { RateCountRepository, SharedCounts, TimedCount } from '../domain/rate-count.js';

/** Counts that are shared, and for how long each lasts. */
export interface SharedCountsOptions {
  /** Kind of the counts: keys of different kinds never meet. */
  readonly name: string;
  readonly windowSeconds: number;
  readonly now?: () => number;
  /** Longest wait of a caller for the database, 250 ms by default. */
  readonly maxWaitMs?: number;
}

const MAX_WAIT_MS = 250;
/** After a failure the database is not asked for so long. */
const REST_MS = 5_000;
/** Counts kept in memory; the least recently used ones go first. */
const MAX_TRACKED = 100_000;
/** Connections that counts may take from those of the requests. */
const CONNECTIONS = 2;
/** Statements that may wait for these; more is a flood, which each process counts alone. */
const MAX_QUEUED = 1_000;

interface Entry {
  /** Everything counted, as far as this process knows. */
  points: number;
  /** Of these, what was not sent to the database yet. */
  unsent: number;
  /** What was learnt from the database beyond this process's own points, in sum. */
  learnt: number;
  endsAt: number;
  /** When the database last answered; 0 for never. */
  readAt: number;
  /** The statement that runs, and the one after it, which takes along all that is unsent when it starts. */
  running: Promise<void>;
  next?: Promise<void>;
}

/**
 * Counts in memory, with the sum over all processes in the database. What is counted while a statement about the same key
 * runs goes along with the next one, so a key never has more than one statement at a time, and callers wait for it only
 * for a moment. While the database is slow or away this process goes on from what it knows and makes up for it later: after
 * a late answer or a failure nobody waits until the database has answered again.
 */
export class DatabaseSharedCounts implements SharedCounts {
  readonly #entries = new LRUCache<string, Entry>(atMostEntries(MAX_TRACKED));
  readonly #statements = new PQueue({ concurrency: CONNECTIONS });
  readonly #now: () => number;
  #answersInTime = true;
  #restsUntil = 0;

  readonly #store: RateCountRepository;
  readonly #options: SharedCountsOptions;

  constructor(store: RateCountRepository, options: SharedCountsOptions) {
    this.#store = store;
    this.#options = options;

    this.#now = options.now ?? Date.now;
  }

  peek(key: string): TimedCount {
    const { points, endsAt } = this.#entry(key);
    return { points, endsAt };
  }

  async read(key: string, maxAgeMs: number): Promise<TimedCount> {
    const entry = this.#entry(key);
    if (entry.readAt === 0 || this.#now() - entry.readAt >= maxAgeMs) await this.#settled(key, entry);
    return this.peek(key);
  }

  async add(key: string, settledFrom = 0): Promise<TimedCount> {
    const entry = this.#entry(key);
    entry.points += 1;
    entry.unsent += 1;
    const { points, learnt, readAt } = entry;
    if (readAt === 0 || points >= settledFrom) await this.#settled(key, entry);
    else void this.#share(key, entry);
    return { points: points + entry.learnt - learnt, endsAt: entry.endsAt };
  }

  async remove(key: string): Promise<void> {
    const entry = this.#entry(key);
    this.#entries.delete(key);
    const sent = entry.next ?? entry.running;
    await this.#inTime(sent.then(() => this.#try(() => this.#store.remove(this.#name(key)))));
  }

  #entry(key: string): Entry {
    const endsAt = this.#now() + this.#options.windowSeconds * 1000;
    const known = this.#entries.get(key);
    // A count begins with its first point.
    if (known?.points === 0) known.endsAt = endsAt;
    if (known && known.endsAt > this.#now()) return known;
    const entry = { points: 0, unsent: 0, learnt: 0, endsAt, readAt: 0, running: Promise.resolve() };
    this.#entries.set(key, entry);
    return entry;
  }

  #settled(key: string, entry: Entry): Promise<void> {
    return this.#inTime(this.#share(key, entry));
  }

  /** Has the database asked about a key as soon as the statement about it that runs has ended. */
  #share(key: string, entry: Entry): Promise<void> {
    if (entry.next) return entry.next;
    if (this.#now() < this.#restsUntil || this.#statements.size >= MAX_QUEUED) return Promise.resolve();
    const next = entry.running.then(() =>
      this.#try(() => {
        entry.next = undefined;
        entry.running = next;
        return this.#exchange(key, entry);
      }),
    );
    entry.next = next;
    return next;
  }

  async #exchange(key: string, entry: Entry): Promise<void> {
    const sent = entry.unsent;
    const name = this.#name(key);
    entry.unsent = 0;
    try {
      const count =
        sent > 0
          ? await this.#store.add(name, sent, this.#options.windowSeconds)
          : await this.#store.find(name);
      const learnt = (count?.points ?? 0) - (entry.points - entry.unsent);
      entry.points += learnt;
      entry.learnt += learnt;
      entry.readAt = this.#now();
      if (count) entry.endsAt = entry.readAt + count.endsInMs;
    } catch (error) {
      entry.unsent += sent;
      throw error;
    }
  }

  /** Runs a statement when a connection is free; a failure is remembered, not thrown. */
  async #try(statement: () => Promise<void>): Promise<void> {
    try {
      await this.#statements.add(statement);
      this.#answersInTime = true;
    } catch {
      this.#answersInTime = false;
      this.#restsUntil = this.#now() + REST_MS;
    }
  }

  /** Waits for `work`, but not for long. */
  async #inTime(work: Promise<void>): Promise<void> {
    if (!this.#answersInTime) return;
    const { maxWaitMs = MAX_WAIT_MS } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#answersInTime = false;
        resolve();
      }, maxWaitMs);
    });
    await Promise.race([work, late]);
    clearTimeout(timer);
  }

  #name(key: string): string {
    return `${this.#options.name} ${key}`;
  }
}
