import { setTimeout as delay } from 'node:timers/promises';
import type { ApiResponse } from './api-client.js';

type Send = () => Promise<ApiResponse>;

/** What came of a load. */
export interface LoadOutcome {
  /** Requests that were answered, at the first or the second attempt. */
  readonly answered: number;
  /** Requests that were sent a second time. */
  readonly repeated: number;
  /** Why the first attempts failed, with how many did. */
  readonly problems: Readonly<Record<string, number>>;
  /** Requests whose second attempt failed as well. */
  readonly failed: readonly string[];
}

/** Clients that send one request after the other, and each of them once more if it fails, after the `Retry-After` of its answer. */
export class RetryingLoad {
  readonly #clients: Promise<void>[] = [];
  readonly #problems = new Map<string, number>();
  readonly #failed: string[] = [];
  #answered = 0;
  #repeated = 0;
  #running = true;

  /** Starts a client; `next` prepares a request, which may be sent twice. */
  add(pauseMs: number, next: () => Send): void {
    this.#clients.push(this.#run(pauseMs, next));
  }

  /** Waits for the requests in progress. */
  async stop(): Promise<LoadOutcome> {
    this.#running = false;
    await Promise.all(this.#clients);
    return {
      answered: this.#answered,
      repeated: this.#repeated,
      problems: Object.fromEntries(this.#problems),
      failed: this.#failed,
    };
  }

  async #run(pauseMs: number, next: () => Send): Promise<void> {
    while (this.#running) {
      const send = next();
      const first = await outcomeOf(send);
      const problem = first === null ? null : await this.#repeat(send, first);
      if (problem === null) this.#answered += 1;
      else this.#failed.push(problem);
      await delay(pauseMs);
    }
  }

  async #repeat(send: Send, { problem, retryAfterMs }: Failure): Promise<string | null> {
    this.#repeated += 1;
    this.#problems.set(problem, (this.#problems.get(problem) ?? 0) + 1);
    await delay(retryAfterMs);
    return (await outcomeOf(send))?.problem ?? null;
  }
}

interface Failure {
  readonly problem: string;
  readonly retryAfterMs: number;
}

async function outcomeOf(send: Send): Promise<Failure | null> {
  try {
    const { status, headers, at } = await send();
    if (status < 400) return null;
    const retryAfterMs = Number(headers.get('retry-after') ?? 0) * 1000;
    return { problem: `${status} ${String(at('code'))}`, retryAfterMs };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return { problem: String(cause), retryAfterMs: 0 };
  }
}
