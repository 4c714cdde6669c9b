import { LRUCache } from 'lru-cache';
import PQueue from 'p-queue';
import { atMostEntries } from '../domain/cache-limits.js';
import type { RateCountRepository, SharedCounts, TimedCount } from '../domain/rate-count.js';

/** Settings of a group of shared counts. */
export interface SharedCountsOptions {
  /** Namespace of the keys. */
  readonly name: string;
  readonly windowSeconds: number;
  readonly now?: () => number;
  /** Maximum time that a caller waits for the database in milliseconds, 250 by default. */
  readonly maxWaitMs?: number;
}

const MAX_WAIT_MS = 250;
/** Pause between a failed statement and the next one. */
const PAUSE_AFTER_FAILURE_MS = 5_000;
/** Maximum number of counts in memory; the least recently used are evicted. */
const MAX_TRACKED = 100_000;
/**
 * Maximum number of concurrent statements, so that counts do not take the database connections from requests.
 */
const CONNECTIONS = 2;
/** Maximum number of queued statements. During a flood, further points are counted by this process only. */
const MAX_QUEUED = 1_000;

interface Entry {
  /** The count as known to this process. */
  points: number;
  /** Points that were not sent to the database yet. */
  unsent: number;
  /** Points of other processes, as read from the database, accumulated. */
  fromOthers: number;
  endsAt: number;
  /** Time of the last response from the database; 0 for never. */
  readAt: number;
  /** The running statement, and the next one, which sends all points that are unsent when it starts. */
  running: Promise<void>;
  next?: Promise<void>;
}

/**
 * Counts in memory that are synchronised with their sum over all processes in the database. Points counted
 * while a statement for their key runs are sent with the next one, so each key has at most one statement
 * running. Callers wait for the database for a bounded time. While the database is slow or unavailable, the
 * process continues with the counts that it has and sends the missing points later; after a timeout or
 * failure no caller waits until the database has responded again.
 */
export class DatabaseSharedCounts implements SharedCounts {
  readonly #entries = new LRUCache<string, Entry>(atMostEntries(MAX_TRACKED));
  readonly #statements = new PQueue({ concurrency: CONNECTIONS });
  readonly #now: () => number;
  #databaseIsResponsive = true;
  #pausedUntil = 0;

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
    const { points, fromOthers, readAt } = entry;
    if (readAt === 0 || points >= settledFrom) await this.#settled(key, entry);
    else void this.#synchronise(key, entry);
    return { points: points + entry.fromOthers - fromOthers, endsAt: entry.endsAt };
  }

  async remove(key: string): Promise<void> {
    const entry = this.#entry(key);
    this.#entries.delete(key);
    const sent = entry.next ?? entry.running;
    await this.#waitBriefly(sent.then(() => this.#try(() => this.#store.remove(this.#name(key)))));
  }

  #entry(key: string): Entry {
    const endsAt = this.#now() + this.#options.windowSeconds * 1000;
    const known = this.#entries.get(key);
    // The window starts with the first point.
    if (known?.points === 0) known.endsAt = endsAt;
    if (known && known.endsAt > this.#now()) return known;
    const entry = { points: 0, unsent: 0, fromOthers: 0, endsAt, readAt: 0, running: Promise.resolve() };
    this.#entries.set(key, entry);
    return entry;
  }

  #settled(key: string, entry: Entry): Promise<void> {
    return this.#waitBriefly(this.#synchronise(key, entry));
  }

  /** Schedules a statement for a key after the running one; calls before it starts share it. */
  #synchronise(key: string, entry: Entry): Promise<void> {
    if (entry.next) return entry.next;
    if (this.#now() < this.#pausedUntil || this.#statements.size >= MAX_QUEUED) return Promise.resolve();
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
      const unseen = (count?.points ?? 0) - (entry.points - entry.unsent);
      entry.points += unseen;
      entry.fromOthers += unseen;
      entry.readAt = this.#now();
      if (count) entry.endsAt = entry.readAt + count.endsInMs;
    } catch (error) {
      entry.unsent += sent;
      throw error;
    }
  }

  /** Runs a statement when a slot is free. Failures are recorded, not thrown. */
  async #try(statement: () => Promise<void>): Promise<void> {
    try {
      await this.#statements.add(statement);
      this.#databaseIsResponsive = true;
    } catch {
      this.#databaseIsResponsive = false;
      this.#pausedUntil = this.#now() + PAUSE_AFTER_FAILURE_MS;
    }
  }

  /** Waits for `work`, but no longer than `maxWaitMs`. */
  async #waitBriefly(work: Promise<void>): Promise<void> {
    if (!this.#databaseIsResponsive) return;
    const { maxWaitMs = MAX_WAIT_MS } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#databaseIsResponsive = false;
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
