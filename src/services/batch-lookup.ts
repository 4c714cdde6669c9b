/** Maximum number of ids per query. */
const MAX_BATCH = 256;

interface Waiting<Row> {
  readonly id: string;
  resolve(row: Row | null): void;
  reject(error: unknown): void;
}

/**
 * Looks up rows for concurrent requests in batches: while one query runs, new lookups are collected for the next. A
 * lookup is never answered by a query that started before it, so a credential revoked before a request is always
 * rejected.
 */
export class BatchLookup<Row extends { readonly id: string }> {
  #waiting: Waiting<Row>[] = [];
  #querying = false;

  readonly #findByIds: (ids: readonly string[]) => Promise<readonly Row[]>;

  constructor(findByIds: (ids: readonly string[]) => Promise<readonly Row[]>) {
    this.#findByIds = findByIds;
  }

  /** The row with this id; null when there is none. */
  find(id: string): Promise<Row | null> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, resolve, reject });
      if (!this.#querying) void this.#query();
    });
  }

  async #query(): Promise<void> {
    this.#querying = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH);
      try {
        const rows = await this.#findByIds([...new Set(batch.map(({ id }) => id))]);
        const byId = new Map(rows.map((row) => [row.id, row]));
        batch.forEach(({ id, resolve }) => resolve(byId.get(id) ?? null));
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      }
    }
    this.#querying = false;
  }
}
