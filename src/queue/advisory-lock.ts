import type pg from 'pg';

/** Keys of the advisory locks used by the product, one per purpose. */
export const ADVISORY_LOCKS = {
  reconciler: 0x1f_00_01,
  outbox: 0x1f_00_02,
  /** Held by a backup, and by everything that removes files of rows: a row of a backup must not lack its file. */
  files: 0x1f_00_03,
} as const;

/**
 * Runs `work` only if no other session holds the lock `key`. The lock belongs to the session, so it is
 * released if the process dies.
 * @returns whether `work` ran.
 */
export async function withAdvisoryLock(
  pool: pg.Pool,
  key: number,
  work: () => Promise<void>,
): Promise<boolean> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ held: boolean }>('SELECT pg_try_advisory_lock($1) AS held', [key]);
    if (!rows[0].held) return false;
    try {
      await work();
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [key]).catch((error: unknown) => {
        broken = error instanceof Error ? error : new Error(String(error));
      });
    }
    return true;
  } catch (error) {
    broken ??= error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    // A session that may still hold the lock must not return to the pool.
    client.release(broken);
  }
}
